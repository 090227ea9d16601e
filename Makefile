# All that is needed is Go, make, git and a network for Go's modules. Kernel tests
# and `make run` want root; without it they say what they leave out.

GO         ?= $(shell command -v go || echo /usr/local/go/bin/go)
OBJ        ?= testdata/objs/order.o
FUZZTIME   ?= 10s
BENCH      ?= .
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

export GO FUZZTIME

.PHONY: build run test race vet lint fmt objs bench fuzz faults kernels cover conformance stages clean help

build: ## build bin/bpfload, a static binary
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/bpfload ./cmd/bpfload

run: build ## load OBJ (default: a shipped fixture) and print its map table
	scripts/run $(OBJ)

test: ## run all tests; what the kernel is needed for is skipped with the reason where privilege is missing
	scripts/test

race: ## run all tests under the race detector (needs gcc)
	CGO_ENABLED=1 scripts/test -race

vet: ## go vet
	$(GO) vet ./...

lint: vet fmt ## vet, gofmt, staticcheck
	$(GO) run $(STATICCHECK) ./...

fmt: ## list files that gofmt would change; fails if there are any
	@list=$$(git ls-files -z '*.go' | xargs -0 $(dir $(GO))gofmt -l); if [ -n "$$list" ]; then echo "gofmt would change:"; echo "$$list"; exit 1; fi

objs: ## rebuild testdata/objs (needs clang-19, clang-14, llvm-strip-19, bpftool)
	testdata/objs/build.sh

bench: ## compare speed with libbpf, cilium/ebpf and bpftool over real objects (root, Debian, 20 minutes); result in bench/RESULT.md
	bench/run

stages: ## Go benchmarks of each stage that match BENCH, compared with bench/stages.txt
	bench/stages '$(BENCH)'

fuzz: ## run every fuzz target for FUZZTIME
	scripts/fuzz

faults: ## make every system call of a load fail, in a recording kernel and, as root with strace, in the real one
	scripts/faults

kernels: ## fetch the kernels that tests boot under qemu (Debian; no root)
	scripts/kernels

cover: ## statement coverage by function, summed up at the end
	@mkdir -p bin
	$(GO) test -coverprofile=bin/cover.out -coverpkg=./... ./...
	$(GO) tool cover -func=bin/cover.out

conformance: ## compare with libbpf and cilium/ebpf over some 2000 real objects (root, Debian, an hour), on Linux 6.1 and 6.12 too; result in conformance/RESULT.md
	conformance/run $(OBJS)

clean: ## remove what was built
	rm -rf bin

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16
