# The demo fleet: an application to release, its load, and an eye on the balancer. They are built without
# sanitizers: the application is packed and unpacked, and none of them may be what slows a test down.
noinst_PROGRAMS += demo/shop demo/load demo/sample
DEMO_CFLAGS = -std=gnu17 $(WARN_CFLAGS)

demo_shop_SOURCES = demo/app.c demo/behave.c demo/behave.h demo/meter.c demo/meter.h
demo_shop_CFLAGS = $(DEMO_CFLAGS)
demo_shop_LDFLAGS = -s
demo_load_SOURCES = demo/load.c demo/expose.c demo/expose.h demo/meter.c demo/meter.h
demo_load_CFLAGS = $(DEMO_CFLAGS)
demo_load_LDFLAGS =
demo_sample_SOURCES = demo/sample.c
demo_sample_CFLAGS = $(DEMO_CFLAGS)
demo_sample_LDFLAGS =

EXTRA_DIST += demo/demo demo/fleet demo/mkpackages demo/shopctl

# Short paths: HAProxy's socket lies in this folder.
DEMO_RUN = dir="$${XDG_STATE_HOME:+$$XDG_STATE_HOME/footplate-demo}"; \
	FOOTPLATE='$(abs_top_builddir)/footplate' FLEET_BIN='$(abs_top_builddir)/demo' \
	bash '$(abs_top_srcdir)/demo/demo'

.PHONY: demo demo-down
demo: all
	@$(DEMO_RUN) up "$${dir:-$(abs_top_builddir)/demo/fleet.d}"
demo-down:
	@$(DEMO_RUN) down "$${dir:-$(abs_top_builddir)/demo/fleet.d}"
