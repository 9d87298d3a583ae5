noinst_LIBRARIES += src/steps/libsteps.a
src_steps_libsteps_a_SOURCES = src/steps/evidence.h src/steps/steps.h  src/steps/runner.h src/steps/steps_int.h src/steps/step.c src/steps/link.c src/steps/expand.c src/steps/health.h src/steps/health.c src/steps/verify.c src/steps/markdown.c src/steps/markup.c src/steps/probe.c src/steps/evidence.c
STEPS_LIBS = src/steps/libsteps.a $(TRAFFIC_LIBS) $(CORE_LIBS) $(PCRE2_LIBS)
