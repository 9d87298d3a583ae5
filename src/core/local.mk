noinst_LIBRARIES += src/core/libcore.a
src_core_libcore_a_SOURCES = src/core/types.h src/core/deploy.h src/core/plan.h
CORE_LIBS = src/core/libcore.a $(BASE_LIBS)
