/* The next version of attach.c: the same programs, which count otherwise. */
#define STEP 1000
#include "attach.c"
