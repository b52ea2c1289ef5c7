# fca_repo: a repository layer for PostgreSQL.  The version is written once, in fca_repo.control.
EXTENSION = fca_repo
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" fca_repo.control)

REPOSITORIES = customers products accounts transactions conversations messages faqs

MODULE_big = fca_repo
OBJS = \
	src/fca_repo.o \
	src/model.o \
	src/resource.o \
	src/value.o \
	src/query.o \
	src/plan.o \
	src/repeat.o \
	src/rows.o \
	src/filter.o \
	src/sort.o \
	src/signature.o \
	src/finder.o \
	src/base_repository.o \
	src/batch.o \
	src/upsert.o \
	src/report.o \
	src/subtransaction.o \
	src/support.o \
	src/inline.o \
	src/cursor.o \
	src/tables.o \
	src/schema_guard.o \
	$(REPOSITORIES:%=src/repositories/%.o)

# The install script is a build product: these pieces, in this order.
SQL_PIECES = \
	src/schema_guard.sql \
	src/support.sql \
	$(REPOSITORIES:%=src/repositories/%.sql) \
	src/base_repository.sql \
	src/upsert.sql \
	src/report.sql \
	src/cursor.sql \
	src/tables.sql
SCRIPT_BUILT = fca_repo--$(EXTVERSION).sql

DATA_built = $(SCRIPT_BUILT)

REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
ISOLATION = $(patsubst specs/%.spec,%,$(sort $(wildcard specs/*.spec)))
TAP_TESTS = 1

EXTRA_CLEAN = META.json fca_repo-*.zip

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(OBJS): $(wildcard src/*.h)
$(OBJS:.o=.bc): $(wildcard src/*.h)

$(SCRIPT_BUILT): $(SQL_PIECES) Makefile fca_repo.control
	{ printf '%s\n' '\echo Use "CREATE EXTENSION fca_repo" to load this file. \quit'; cat $(SQL_PIECES); } > $@

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
