# The whole program against a fleet of its own. Each test is one file that ends what it started.
EXTRA_DIST += tests/fleet/lib.sh tests/fleet/watching.sh $(FLEET_TESTS)
FLEET_TESTS = \
	tests/fleet/app.sh \
	tests/fleet/witness.sh \
	tests/fleet/happy.sh \
	tests/fleet/sick.sh \
	tests/fleet/unhealthy.sh \
	tests/fleet/onehost.sh \
	tests/fleet/interrupt.sh \
	tests/fleet/kill.sh \
	tests/fleet/engines.sh \
	tests/fleet/balancer.sh \
	tests/fleet/trouble.sh \
	tests/fleet/watch-canary.sh \
	tests/fleet/watch-good.sh \
	tests/fleet/watch-kill.sh \
	tests/fleet/watch-leak.sh \
	tests/fleet/watch-orders.sh \
	tests/fleet/commands.sh
TESTS += $(FLEET_TESTS)
