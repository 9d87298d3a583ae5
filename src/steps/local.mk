noinst_LIBRARIES += src/steps/libsteps.a
src_steps_libsteps_a_SOURCES = src/steps/evidence.h src/steps/steps.h  src/steps/runner.h src/steps/steps_int.h src/steps/step.c
STEPS_LIBS = src/steps/libsteps.a $(TRAFFIC_LIBS) $(CORE_LIBS) $(PCRE2_LIBS)
