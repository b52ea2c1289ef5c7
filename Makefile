# fca_repo: a repository layer for PostgreSQL.  The version is written once, in fca_repo.control.
EXTENSION = fca_repo
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" fca_repo.control)

MODULE_big = fca_repo
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/repositories/*.c)))

# The resources, in the order of their list.
RESOURCES := $(shell sed -n 's/^\t_(\(.*\)).*/\1/p' src/resource.h)

# The install script is a build product.  The guard comes first; the resources' functions need the one that
# the planner asks.
SQL_FIRST = src/schema_guard.sql src/support.sql $(RESOURCES:%=src/repositories/%.sql)
SQL_PIECES = $(SQL_FIRST) $(filter-out $(SQL_FIRST),$(sort $(wildcard src/*.sql)))
SCRIPT_BUILT = fca_repo--$(EXTVERSION).sql

DATA_built = $(SCRIPT_BUILT)
# Scripts that update are written, as src/schema_guard.sql has it, and kept.
DATA = $(wildcard fca_repo--*--*.sql)

REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
ISOLATION = $(patsubst specs/%.spec,%,$(sort $(wildcard specs/*.spec)))
TAP_TESTS = 1

EXTRA_CLEAN = META.json fca_repo-*.zip

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(OBJS): $(wildcard src/*.h)
$(OBJS:.o=.bc): $(wildcard src/*.h)

$(SCRIPT_BUILT): $(SQL_PIECES) src/resource.h Makefile fca_repo.control
	{ printf '%s\n' '\echo Use "CREATE EXTENSION fca_repo" to load this file. \quit'; cat $(SQL_PIECES); } > $@

# As pgindent calls it, without the spaces that it puts in odd places.
INDENT = pg_bsd_indent -bad -bap -bbb -bc -bl -cli1 -cp33 -cdb -nce -d0 -di12 -nfc1 -i4 -l79 -lp -lpl -nip \
	-npro -sac -tpg -ts4 -Utypedefs.list

.PHONY: indent
indent:
	for file in src/*.[ch] src/repositories/*.c; do \
		$(INDENT) <$$file | sed -E 's/,\.([a-z])/, .\1/; s/^(\w+)[ \t]+\*$$/\1 */' >$$file.tmp && \
			if cmp -s $$file.tmp $$file; then rm $$file.tmp; else mv $$file.tmp $$file; fi || exit; \
	done

# The names of types that the sources use, by the debug information of what was built; those that only another
# major has stay.  Names that are variables here are left out.
.PHONY: typedefs
typedefs: all
	{ cat typedefs.list; readelf --debug-dump=info $(OBJS) | grep -A 2 DW_TAG_typedef | \
		sed -n 's/.*DW_AT_name.*: //p'; } | sort -u | grep -vx -e text -e regproc >typedefs.tmp
	grep -ohw '[A-Za-z_][A-Za-z_0-9]*' src/*.[ch] src/*/*.c | sort -u | comm -12 - typedefs.tmp >typedefs.list
	rm typedefs.tmp

META.json: META.json.in fca_repo.control
	sed 's/@VERSION@/$(EXTVERSION)/g' $< > $@

# What it costs beside the alternatives: BENCH="--quick" for a first look.
.PHONY: bench
bench:
	tools/bench.sh $(BENCH)

# The tests on every major that is supported, each in a Debian of its own: VERSIONS="17 18" for some.
.PHONY: check-all-versions
check-all-versions:
	tools/check-versions.sh $(VERSIONS)

.PHONY: dist
dist: META.json
	git archive --format zip --prefix=fca_repo-$(EXTVERSION)/ --add-file=META.json -o fca_repo-$(EXTVERSION).zip HEAD
