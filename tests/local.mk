include $(top_srcdir)/tests/fleet/local.mk
