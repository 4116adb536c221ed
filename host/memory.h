// SPDX-License-Identifier: MIT
// Memory of the host: like the core's, zeroed when taken, wiped when given back, and a trap when there is none.
#ifndef PLK_HOST_MEMORY_H
#define PLK_HOST_MEMORY_H

#include "base/mem.h"

void *plk_memory_take(size_t len);          // zeroed, never NULL, from any thread
void plk_memory_give(void *at, size_t len); // wipes and frees len bytes; NULL is fine

// The system's memory for a core of one thread.
struct plk_mem plk_memory_system(void);

#endif
