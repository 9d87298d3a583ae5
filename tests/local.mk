TESTS += tests/layers/layers.sh
EXTRA_DIST += tests/layers/layers.sh

include $(top_srcdir)/tests/fleet/local.mk
include $(top_srcdir)/tests/screen/local.mk
include $(top_srcdir)/tests/bench/local.mk
include $(top_srcdir)/tests/screen/two.mk

# The suite again, built in other ways, each in a folder of its own in this build: another compiler, and
# threads under watch. `make distcheck` is the third.
.PHONY: check-clang check-tsan
check-clang:
	$(MKDIR_P) check-clang
	cd check-clang && $(abs_top_srcdir)/configure -q CC=clang --enable-werror --enable-failpoints \
		--enable-sanitizers=address,undefined
	$(MAKE) -C check-clang check
check-tsan:
	$(MKDIR_P) check-tsan
	cd check-tsan && $(abs_top_srcdir)/configure -q --enable-werror --enable-failpoints \
		--enable-sanitizers=thread
	$(MAKE) -C check-tsan check
