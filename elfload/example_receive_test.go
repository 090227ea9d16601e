package elfload_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/bpfload/bpfload/elfload"
)

// A daemon that `bpfload run filter.o -- daemon` starts: it has the maps that
// bpfload loaded, needs no privilege for them, and no object file.
func ExampleFromEnvironment() {
	table, err := elfload.FromEnvironment()
	if errors.Is(err, elfload.ErrNothingPassed) {
		fmt.Println("start me with bpfload run")
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	defer table.Close()
	for _, m := range table.MapData { // map_data[i].fd
		fmt.Println(m.Index, m.Name, m.FD, m.Map.Type())
	}
	// Output: start me with bpfload run
}
