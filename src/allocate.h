/* Memory, or the end of the process: a worker that cannot have memory says so on standard error
 * and exits with EX_OSERR, and multiwatch starts another. Callers never see NULL.
 * What is returned belongs to the caller, who frees it with free(). */
#ifndef TALLY_ALLOCATE_H
#define TALLY_ALLOCATE_H

#include <stddef.h>

void *allocate(size_t size) __attribute__((malloc, returns_nonnull));
void *allocate_zeroed(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *allocate_again(void *memory, size_t size) __attribute__((returns_nonnull));
char *allocate_copy(const char *text) __attribute__((malloc, returns_nonnull));

#endif
