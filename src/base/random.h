/* random.h: unguessable bytes from the kernel. */
#ifndef FOOTPLATE_BASE_RANDOM_H
#define FOOTPLATE_BASE_RANDOM_H

#include <stddef.h>

/* Fill p with n bytes from getrandom(2); ends the program when the kernel has none. */
void random_bytes(void *p, size_t n);

#endif
