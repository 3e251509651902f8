// CRC-32C by the processor's own instruction where there is one (SSE4.2, ARMv8 CRC), else by
// eight tables. Which of the two is decided once, at the first call.
//
// The instruction takes three cycles and can start one per cycle, so long inputs run as three
// independent streams whose results are joined by multiplying with x^(8n) mod P, held as tables.

#include "cjournal.h"

#include <pthread.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#define CRC_TARGET __attribute__((target("sse4.2")))
#define CRC_U64(crc, value) ((uint32_t)_mm_crc32_u64((crc), (value)))
#define CRC_U8(crc, value) _mm_crc32_u8((crc), (value))
#define HAS_CRC_CODE 1
#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#define CRC_TARGET __attribute__((target("crc")))
#define CRC_U64(crc, value) __crc32cd((crc), (value))
#define CRC_U8(crc, value) __crc32cb((crc), (value))
#define HAS_CRC_CODE 1
#else
#define HAS_CRC_CODE 0
#endif

#define POLYNOMIAL 0x82F63B78u
#define LONG_STREAM 1024
#define SHORT_STREAM 128

static uint32_t byte_table[8][256];
static uint32_t long_shift[4][256];
static uint32_t short_shift[4][256];
static int hardware;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint64_t load64(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static uint32_t zeros(uint32_t crc, size_t count) {
    while (count-- > 0) crc = (crc >> 8) ^ byte_table[0][crc & 0xff];
    return crc;
}

static void fill_shift(uint32_t table[4][256], size_t count) {
    uint32_t image[32];
    for (int bit = 0; bit < 32; bit++) image[bit] = zeros((uint32_t)1 << bit, count);
    for (int place = 0; place < 4; place++) {
        for (int value = 0; value < 256; value++) {
            uint32_t sum = 0;
            for (int bit = 0; bit < 8; bit++) {
                if (value >> bit & 1) sum ^= image[place * 8 + bit];
            }
            table[place][value] = sum;
        }
    }
}

static void prepare(void) {
    for (uint32_t value = 0; value < 256; value++) {
        uint32_t crc = value;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) ? POLYNOMIAL : 0);
        byte_table[0][value] = crc;
    }
    for (int value = 0; value < 256; value++) {
        for (int table = 1; table < 8; table++) {
            uint32_t before = byte_table[table - 1][value];
            byte_table[table][value] = (before >> 8) ^ byte_table[0][before & 0xff];
        }
    }
    fill_shift(long_shift, LONG_STREAM);
    fill_shift(short_shift, SHORT_STREAM);
#if defined(__x86_64__)
    hardware = __builtin_cpu_supports("sse4.2") != 0;
#elif HAS_CRC_CODE
    hardware = (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
#endif
}

uint32_t cjournal_crc32c_portable(uint32_t seed, const void *input, size_t count) {
    pthread_once(&once, prepare);
    const uint8_t *bytes = input;
    uint32_t crc = ~seed;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    while (count >= 8) {
        uint64_t word = load64(bytes) ^ crc;
        crc = byte_table[7][word & 0xff] ^ byte_table[6][word >> 8 & 0xff] ^
              byte_table[5][word >> 16 & 0xff] ^ byte_table[4][word >> 24 & 0xff] ^
              byte_table[3][word >> 32 & 0xff] ^ byte_table[2][word >> 40 & 0xff] ^
              byte_table[1][word >> 48 & 0xff] ^ byte_table[0][word >> 56];
        bytes += 8;
        count -= 8;
    }
#endif
    while (count-- > 0) crc = (crc >> 8) ^ byte_table[0][(crc ^ *bytes++) & 0xff];
    return ~crc;
}

#if HAS_CRC_CODE
static uint32_t shift(uint32_t table[4][256], uint32_t crc) {
    return table[0][crc & 0xff] ^ table[1][crc >> 8 & 0xff] ^ table[2][crc >> 16 & 0xff] ^
           table[3][crc >> 24];
}

CRC_TARGET static uint32_t three_streams(uint32_t crc, const uint8_t *bytes, size_t stream,
                                         uint32_t table[4][256]) {
    uint32_t second = 0, third = 0;
    for (size_t at = 0; at < stream; at += 8) {
        crc = CRC_U64(crc, load64(bytes + at));
        second = CRC_U64(second, load64(bytes + at + stream));
        third = CRC_U64(third, load64(bytes + at + 2 * stream));
    }
    return shift(table, shift(table, crc) ^ second) ^ third;
}

CRC_TARGET static uint32_t by_instruction(uint32_t seed, const uint8_t *bytes, size_t count) {
    uint32_t crc = ~seed;
    while (count >= 3 * LONG_STREAM) {
        crc = three_streams(crc, bytes, LONG_STREAM, long_shift);
        bytes += 3 * LONG_STREAM;
        count -= 3 * LONG_STREAM;
    }
    while (count >= 3 * SHORT_STREAM) {
        crc = three_streams(crc, bytes, SHORT_STREAM, short_shift);
        bytes += 3 * SHORT_STREAM;
        count -= 3 * SHORT_STREAM;
    }
    while (count >= 8) {
        crc = CRC_U64(crc, load64(bytes));
        bytes += 8;
        count -= 8;
    }
    while (count-- > 0) crc = CRC_U8(crc, *bytes++);
    return ~crc;
}
#endif

uint32_t cjournal_crc32c(uint32_t seed, const void *input, size_t count) {
    pthread_once(&once, prepare);
#if HAS_CRC_CODE
    if (hardware) return by_instruction(seed, input, count);
#endif
    return cjournal_crc32c_portable(seed, input, count);
}

int cjournal_crc32c_is_hardware(void) {
    pthread_once(&once, prepare);
    return hardware;
}
