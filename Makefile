# SecondExit. `make` builds the host, `make dist` the two XPIs, `make check` runs every test.
VERSION   := 0.1.0
CC        ?= gcc
B         := build
WARN      := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
HARDEN    := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -fstack-clash-protection
CFLAGS    ?= -O2 -g
ALLCFLAGS := -std=c17 -D_GNU_SOURCE -DSECONDEXIT_VERSION='"$(VERSION)"' $(WARN) $(HARDEN) -Ihost -I$(B)/gen $(CFLAGS) $(SAN)
LDHARDEN  := -pie -Wl,-z,relro,-z,now,--as-needed $(SAN)

# One program for each role's executable: each links only what it uses (HACKING.md, "Three executables").
BASE_SRC  := $(wildcard host/base/*.c)
PRIV_SRC  := host/priv/frame.c host/priv/netmsg.c host/priv/parsemsg.c
MAIN_SRC  := host/main.c host/priv/role.c $(wildcard host/wire/*.c host/message/*.c host/feature/*.c host/cli/*.c) $(BASE_SRC) $(PRIV_SRC)
NET_SRC   := host/net_main.c $(wildcard host/engine/*.c) $(BASE_SRC) $(PRIV_SRC)
PARSE_SRC := host/parse_main.c $(wildcard host/parse/*.c) $(BASE_SRC) $(PRIV_SRC)
MAIN_LIB  := -ljansson -levent_core -lsodium
NET_LIB   := -levent_core -lssl -lcrypto -lsodium
PARSE_LIB := -lcrypto -lsodium -ldl

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))

all: $(B)/secondexit $(B)/secondexit-net $(B)/secondexit-parse

$(B)/secondexit: $(call obj,$(MAIN_SRC))
	$(CC) -o $@ $^ $(LDHARDEN) $(MAIN_LIB)
$(B)/secondexit-net: $(call obj,$(NET_SRC))
	$(CC) -o $@ $^ $(LDHARDEN) $(NET_LIB)
$(B)/secondexit-parse: $(call obj,$(PARSE_SRC))
	$(CC) -o $@ $^ $(LDHARDEN) $(PARSE_LIB)

$(B)/obj/%.o: %.c $(GEN) | $(GEN)
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) -MMD -MP -c -o $@ $<

# Unit tests: tests/unit/test_X.c is a program of its own. A comment line `// uses: host/a.c host/b.c` in it names the
# sources it links, `// libs: -lssl` the libraries; cmocka comes by itself.
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
uses = $(shell sed -n 's,^// uses: ,,p' $(1))
libs = $(shell sed -n 's,^// libs: ,,p' $(1))
.SECONDEXPANSION:
$(B)/unit/%: tests/unit/%.c $$(call obj,$$(call uses,tests/unit/%.c)) $(GEN)
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) -Itests/unit -MMD -MP -o $@ $< $(call obj,$(call uses,$<)) $(LDHARDEN) $(call libs,$<) -lcmocka

unit: $(UNIT)
	@for t in $(UNIT); do echo "== $$t"; $$t || exit 1; done

clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PHONY: all unit clean
