// The few instructions that Swift has no words for.
#ifndef WEIR_CJOURNAL_H
#define WEIR_CJOURNAL_H

#include <stddef.h>
#include <stdint.h>

// CRC-32C (Castagnoli), as RFC 3720 appendix B.4 gives it. `seed` is the CRC of what came
// before: crc(crc(0, a), b) == crc(0, a ++ b).
uint32_t cjournal_crc32c(uint32_t seed, const void *bytes, size_t count);

// The same by tables alone: what a processor without the instruction runs, and what the
// tests compare the other with.
uint32_t cjournal_crc32c_portable(uint32_t seed, const void *bytes, size_t count);

// 1 where cjournal_crc32c uses an instruction of the processor.
int cjournal_crc32c_is_hardware(void);

// open(2) and fallocate(2), whose variadic or feature-tested forms Swift does not import.
int cjournal_open(const char *path, int flags, unsigned mode);
int cjournal_punch_hole(int fd, int64_t offset, int64_t count);

// An event counter that never blocks (eventfd(2)), or -1; and the calling thread's name.
int cjournal_eventfd(void);
void cjournal_name_thread(const char *name);

#endif
