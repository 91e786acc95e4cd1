# SecondExit. `make` builds the host, `make dist` the two XPIs, `make check` runs every test.
VERSION   := 0.1.0
ifeq ($(origin CC),default)
CC        := gcc
endif
B         := build
# libpq's headers stand in a folder of their own.
PG_INC    := -isystem /usr/include/postgresql
WARN      := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
HARDEN    := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -fstack-clash-protection
CFLAGS    ?= -O2 -g
ALLCFLAGS := -std=c17 -D_GNU_SOURCE -DSECONDEXIT_VERSION='"$(VERSION)"' $(WARN) $(HARDEN) -Ihost -I$(B)/gen $(PG_INC) $(CFLAGS) $(SAN)
LDHARDEN  := -pie -Wl,-z,relro,-z,now,--as-needed $(SAN)

# One program for each role's executable: each links only what it uses (HACKING.md, "Five executables").
BASE_SRC  := $(wildcard host/base/*.c)
PRIV_SRC  := host/priv/frame.c host/priv/channel.c host/priv/netmsg.c host/priv/parsemsg.c host/priv/fetchmsg.c host/priv/filemsg.c
MAIN_SRC  := host/main.c $(wildcard host/priv/role.c host/priv/netlink.c host/priv/parselink.c host/priv/fetchlink.c host/priv/filelink.c \
             host/wire/*.c host/message/*.c host/feature/*.c host/report/*.c host/cli/*.c) host/engine/target.c $(BASE_SRC) $(PRIV_SRC)
NET_SRC   := host/net_main.c host/priv/inner.c $(wildcard host/engine/*.c) $(BASE_SRC) $(PRIV_SRC)
PARSE_SRC := host/parse_main.c host/priv/inner.c $(wildcard host/parse/*.c host/parse/addr/*.c) $(BASE_SRC) $(PRIV_SRC)
FETCH_SRC := host/fetch_main.c host/priv/inner.c $(wildcard host/fetch/*.c) $(BASE_SRC) $(PRIV_SRC)
FILE_SRC  := host/file_main.c host/priv/inner.c host/parse/der.c $(wildcard host/parse/file/*.c) $(BASE_SRC) $(PRIV_SRC)
COLLECT_SRC := host/collector_main.c $(wildcard host/collector/*.c) $(wildcard host/report/*.c) host/engine/torctl.c host/engine/torauth.c host/engine/torfind.c \
             host/engine/target.c host/base/buf.c host/base/clock.c host/base/err.c host/base/log.c host/base/rd.c host/base/verdict.c
COLLECT_LIB := -lsqlite3 -lpq -ljansson -levent_core -lsodium
MAIN_LIB  := -ljansson -levent_core -lsodium -lm
NET_LIB   := -levent_core -lssl -lcrypto -lsodium
FETCH_LIB := -lcurl -levent_core -lssl -lcrypto
FILE_LIB  := -larchive -levent_core -lcrypto -lexpat -lz
PARSE_LIB := -lcrypto -levent_core -lsodium -lgumbo -ldl

# `make V=1` shows whole command lines.
V ?= 0
ifeq ($(V),0)
say = @printf '%-5s %s\n' "$(1)" "$(patsubst $(CURDIR)/%,%,$@)";
endif

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))

# Made of shared/*.json by a small program, so that host and extension read one table.
GEN := $(B)/gen/cert_errors.h $(B)/gen/manifest_template.h $(B)/gen/currencies.h $(B)/gen/filetypes.h

all: $(B)/secondexit $(B)/secondexit-net $(B)/secondexit-parse $(B)/secondexit-fetch $(B)/secondexit-file $(B)/secondexit-collector

$(B)/secondexit: $(call obj,$(MAIN_SRC))
	$(call say,link)$(CC) -o $@ $^ $(LDHARDEN) $(MAIN_LIB)
$(B)/secondexit-net: $(call obj,$(NET_SRC))
	$(call say,link)$(CC) -o $@ $^ $(LDHARDEN) $(NET_LIB)
$(B)/secondexit-parse: $(call obj,$(PARSE_SRC))
	$(call say,link)$(CC) -o $@ $^ $(LDHARDEN) $(PARSE_LIB)
$(B)/secondexit-fetch: $(call obj,$(FETCH_SRC))
	$(call say,link)$(CC) -o $@ $^ $(LDHARDEN) $(FETCH_LIB)
$(B)/secondexit-file: $(call obj,$(FILE_SRC))
	$(call say,link)$(CC) -o $@ $^ $(LDHARDEN) $(FILE_LIB)
$(B)/secondexit-collector: $(call obj,$(COLLECT_SRC))
	$(call say,link)$(CC) -o $@ $^ $(LDHARDEN) $(COLLECT_LIB)

$(B)/gen/cert_errors.h: shared/cert-errors.json tools/gen_cert_errors.c
	@mkdir -p $(@D)
	$(CC) -std=c17 -D_GNU_SOURCE $(WARN) -O1 -o $(B)/gen/gen_cert_errors tools/gen_cert_errors.c -ljansson
	$(B)/gen/gen_cert_errors $< $@
$(B)/gen/currencies.h: shared/currencies.json tools/gen_currencies.c host/parse/addr/base58.c host/parse/addr/row.h
	@mkdir -p $(@D)
	$(CC) -std=c17 -D_GNU_SOURCE $(WARN) -O1 -Ihost -o $(B)/gen/gen_currencies tools/gen_currencies.c \
	  host/parse/addr/base58.c -ljansson
	$(B)/gen/gen_currencies $< $@.new && mv $@.new $@
$(B)/gen/filetypes.h: shared/filetypes.json tools/gen_filetypes.c
	@mkdir -p $(@D)
	$(CC) -std=c17 -D_GNU_SOURCE $(WARN) -O1 -o $(B)/gen/gen_filetypes tools/gen_filetypes.c -ljansson
	$(B)/gen/gen_filetypes $< $@.new && mv $@.new $@
# The manifest's text as a string of C.
$(B)/gen/manifest_template.h: manifests/org.secondexit.host.json.in
	@mkdir -p $(@D)
	{ echo '#define MANIFEST_TEMPLATE \'; sed 's/["\\]/\\&/g; s/.*/"&\\n" \\/' $<; echo '""'; } >$@

$(B)/obj/%.o: %.c $(GEN) | $(GEN)
	@mkdir -p $(@D)
	$(call say,cc)$(CC) $(ALLCFLAGS) -MMD -MP -c -o $@ $<

# Unit tests: tests/unit/test_X.c is a program of its own. A comment line `// uses: host/a.c host/b.c` in it names the
# sources it links (patterns will do), `// libs: -lssl` the libraries; cmocka comes by itself. Fuzzers, tests/fuzz/fuzz_X.c, likewise;
# tests/fuzz/replay.c runs them over their corpus without a fuzzer.
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
uses = $(wildcard $(shell sed -n 's,^// uses: ,,p' $(1)))
libs = $(shell sed -n 's,^// libs: ,,p' $(1))
.SECONDEXPANSION:
$(B)/unit/%: tests/unit/%.c $$(call obj,$$(call uses,tests/unit/$$*.c)) $(GEN)
	@mkdir -p $(@D)
	$(call say,test)$(CC) $(ALLCFLAGS) -Itests/unit -MMD -MP -o $@ $< $(call obj,$(call uses,$<)) $(LDHARDEN) $(call libs,$<) -lcmocka
$(B)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $$(call obj,$$(call uses,tests/fuzz/$$*.c)) $(GEN)
	@mkdir -p $(@D)
	$(call say,fuzz)$(CC) $(ALLCFLAGS) -MMD -MP -o $@ $< tests/fuzz/replay.c $(call obj,$(call uses,$<)) $(LDHARDEN) $(call libs,$<)
# With clang's libFuzzer: make fuzz-run F=fuzz_socks T=60
fuzz-run:
	@mkdir -p $(B)/libfuzzer/$(F)
	clang -std=c17 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer,address,undefined -Ihost -I$(B)/gen -o $(B)/libfuzzer/$(F).bin \
	  tests/fuzz/$(F).c $(call uses,tests/fuzz/$(F).c) $(call libs,tests/fuzz/$(F).c)
	$(B)/libfuzzer/$(F).bin -max_total_time=$(or $(T),60) $(B)/libfuzzer/$(F) tests/fuzz/corpus/$(F:fuzz_%=%)

SANFLAGS := SAN="-fsanitize=address,undefined -fno-sanitize-recover=all" CFLAGS="-O1 -g -U_FORTIFY_SOURCE"

unit-build: all $(UNIT)
unit: unit-build
	tests/run-each unit $(UNIT)
fuzz-build: $(FUZZ)
fuzz-replay: fuzz-build
	tests/run-each fuzz $(FUZZ)
js: all dist $(B)/fetchtool $(B)/loadtool
	node --test $(wildcard tests/js/*.test.mjs)
e2e: all dist
	node --test --test-concurrency=1 $(wildcard tests/e2e/*.test.mjs)
# 4 GiB in a real browser, both editions: three quarters of an hour, so not in `check`.
e2e-large: all dist
	SECONDEXIT_LARGE=4 node --test tests/e2e/download-large.test.mjs
dist: | node_modules
	node tools/dist.mjs $(VERSION)
node_modules:
	npm ci --ignore-scripts --no-audit --no-fund
lint: all dist
	tools/lint
demo: all dist
	node tests/e2e/demo.mjs $(DEMO)
bench: all $(B)/bench/bench_relays
	node tests/bench/bench.mjs
	node tests/bench/files.mjs
	$(MAKE) bench-scan
	$(MAKE) bench-collector
	$(MAKE) bench-download
	$(MAKE) bench-copy
bench-download: all
	node tests/bench/download.mjs
bench-collector: all $(B)/loadtool
	node tests/bench/collector.mjs
bench-copy: all dist
	node tests/bench/copy.mjs
# Main's end of fetching for the tests; beside the roles that it starts.
$(B)/fetchtool: tests/net/fetchtool.c $$(call obj,$$(call uses,tests/net/fetchtool.c)) $(GEN)
	$(call say,test)$(CC) $(ALLCFLAGS) -MMD -MP -o $@ $< $(call obj,$(call uses,$<)) $(LDHARDEN) $(call libs,$<)
# Many senders of reports, for the collector's tests and bench.
$(B)/loadtool: tests/collector/loadtool.c $$(call obj,$$(call uses,tests/collector/loadtool.c)) $(GEN)
	$(call say,test)$(CC) $(ALLCFLAGS) -MMD -MP -o $@ $< $(call obj,$(call uses,$<)) $(LDHARDEN) $(call libs,$<)
$(B)/bench/%: tests/bench/%.c $$(call obj,$$(call uses,tests/bench/$$*.c))
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) -o $@ $< $(call obj,$(call uses,$<)) $(LDHARDEN) $(call libs,$<)

# The detector of addresses: 1,000 of each family (FULL=1: of each row) made by other people's code; 200 MB of ordinary text without a false alarm; its speed.
recall: $(B)/recall/scan_lines | node_modules
	FULL=$(FULL) SCAN_LINES=$(abspath $<) node --test tests/recall/recall.test.mjs
quiet: $(B)/recall/scan_lines | node_modules
	SCAN_LINES=$(abspath $<) node --test tests/quiet/quiet.test.mjs
bench-scan: $(B)/recall/scan_lines | node_modules
	SCAN_LINES=$(abspath $<) node tests/bench/scan.mjs
$(B)/recall/%: tests/recall/%.c $$(call obj,$$(call uses,tests/recall/$$*.c)) $(GEN)
	@mkdir -p $(@D)
	$(call say,test)$(CC) $(ALLCFLAGS) -MMD -MP -o $@ $< $(call obj,$(call uses,$<)) $(LDHARDEN) $(call libs,$<)

# Everything. The parts in the order of what fails fastest; tests/check prints the sum.
check:
	tests/check

clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PHONY: all unit unit-build fuzz-build fuzz-replay fuzz-run js e2e e2e-large dist lint demo bench bench-collector bench-copy bench-download recall quiet bench-scan check clean

# --- for this user alone: programs to ~/.local/lib/secondexit, then the browsers are told -------------------------------
USER_PREFIX ?= $(HOME)/.local
install-user: all
	mkdir -p "$(USER_PREFIX)/lib/secondexit" "$(USER_PREFIX)/bin" "$(USER_PREFIX)/share/man/man1"
	install -m 755 $(B)/secondexit $(B)/secondexit-net $(B)/secondexit-parse $(B)/secondexit-fetch $(B)/secondexit-file \
	  "$(USER_PREFIX)/lib/secondexit/"
	install -m 644 man/secondexit.1 "$(USER_PREFIX)/share/man/man1/"
	ln -sfn ../lib/secondexit/secondexit "$(USER_PREFIX)/bin/secondexit"
	@# Status 1: no browser yet, or one that could not be told; it says which, and the programs are there all the same.
	"$(USER_PREFIX)/lib/secondexit/secondexit" install || [ $$? = 1 ]
uninstall-user:
	if [ -x "$(USER_PREFIX)/lib/secondexit/secondexit" ]; then "$(USER_PREFIX)/lib/secondexit/secondexit" uninstall; fi
	rm -f "$(USER_PREFIX)/bin/secondexit" "$(USER_PREFIX)/share/man/man1/secondexit.1"
	rm -f "$(USER_PREFIX)/lib/secondexit/secondexit" "$(USER_PREFIX)/lib/secondexit/secondexit-net" \
	  "$(USER_PREFIX)/lib/secondexit/secondexit-parse" "$(USER_PREFIX)/lib/secondexit/secondexit-fetch" \
	  "$(USER_PREFIX)/lib/secondexit/secondexit-file"
	if [ -d "$(USER_PREFIX)/lib/secondexit" ]; then rmdir "$(USER_PREFIX)/lib/secondexit"; fi
.PHONY: install-user uninstall-user
# --- end of for this user alone ------------------------------------------------------------------------------------------
