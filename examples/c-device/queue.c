#include "queue.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file is a header and then records, each `record_header`, topic, type (both ended by 0) and payload; numbers are
 * little-endian. A trim is a record too, without texts; its sequence is the last that is done with. */
static const char file_magic[8] = {'d', 'e', 'v', 'k', 'i', 't', 'q', '1'};

enum { KIND_MESSAGE = 1, KIND_TRIM = 2 };
#define RECORD_MAGIC 0x71E5u
#define COMPACT_MINIMUM (64 << 10)

typedef struct __attribute__((packed)) {
    uint16_t magic;
    uint8_t kind;
    uint8_t reserved;
    uint32_t size; /* of the body */
    uint64_t sequence;
    uint64_t run;
    uint32_t topic_size; /* with its 0 */
    uint32_t type_size;
    uint32_t crc; /* CRC-32C of the header without this field, and of the body */
} record_header;

struct queue {
    int file;
    char *path;
    bool sync;
    uint64_t bytes_maximum;
    uint64_t run;
    off_t head, end;
    uint64_t last_sequence; /* that was given out */
    uint64_t trimmed;       /* sequence that all is done with up to */
    uint64_t count, bytes, damaged;
    uint8_t *buffer; /* of one record */
    size_t capacity;
};

/* MARK: Checksums */

static uint32_t crc32c(uint32_t crc, const void *data, size_t size) {
    static uint32_t table[256];
    if (table[1] == 0)
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t c = i;
            for (int bit = 0; bit < 8; bit++) c = c & 1 ? c >> 1 ^ 0x82F63B78u : c >> 1;
            table[i] = c;
        }
    const uint8_t *bytes = data;
    crc = ~crc;
    while (size--) crc = crc >> 8 ^ table[(crc ^ *bytes++) & 0xFF];
    return ~crc;
}

static uint32_t record_crc(const record_header *header, const void *body, size_t size) {
    return crc32c(crc32c(0, header, offsetof(record_header, crc)), body, size);
}

/* MARK: Reading */

static bool reserve(queue *q, size_t size) {
    if (size <= q->capacity) return true;
    uint8_t *grown = realloc(q->buffer, size);
    if (!grown) return false;
    q->buffer = grown;
    q->capacity = size;
    return true;
}

/* Reads exactly `size` bytes; false at the end of the file or where the disk fails. */
static bool read_exactly(int file, void *data, size_t size, off_t offset) {
    uint8_t *to = data;
    while (size > 0) {
        ssize_t got = pread(file, to, size, offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        to += got;
        offset += got;
        size -= (size_t)got;
    }
    return true;
}

/* A whole record at this very place, with its body in the buffer. */
static bool read_record(queue *q, off_t offset, record_header *header) {
    if (offset + (off_t)sizeof *header > q->end) return false;
    if (!read_exactly(q->file, header, sizeof *header, offset)) return false;
    uint32_t size = le32toh(header->size), topic = le32toh(header->topic_size), type = le32toh(header->type_size);
    if (le16toh(header->magic) != RECORD_MAGIC || size > QUEUE_RECORD_MAXIMUM) return false;
    if (offset + (off_t)sizeof *header + size > q->end || (uint64_t)topic + type > size) return false;
    if (!reserve(q, size + 1)) return false;
    if (!read_exactly(q->file, q->buffer, size, offset + (off_t)sizeof *header)) return false;
    if (record_crc(header, q->buffer, size) != le32toh(header->crc)) return false;
    if (header->kind == KIND_TRIM) return size == 0;
    return header->kind == KIND_MESSAGE && topic > 0 && type > 0 && q->buffer[topic - 1] == 0 &&
           q->buffer[topic + type - 1] == 0;
}

/* The next whole record of any kind at or behind an offset; damage before it is passed over. */
static bool find_record(queue *q, off_t *offset, record_header *header) {
    for (off_t at = *offset; at < q->end; at++) {
        if (!read_record(q, at, header)) continue;
        *offset = at;
        return true;
    }
    return false;
}

static off_t end_of(off_t offset, const record_header *header) {
    return offset + (off_t)sizeof *header + (off_t)le32toh(header->size);
}

queue_result queue_read(queue *q, off_t offset, queue_record *record) {
    record_header header;
    while (find_record(q, &offset, &header)) {
        off_t next = end_of(offset, &header);
        if (header.kind == KIND_MESSAGE) {
            uint32_t topic = le32toh(header.topic_size), type = le32toh(header.type_size);
            *record = (queue_record){
                .offset = offset,
                .next = next,
                .sequence = le64toh(header.sequence),
                .run = le64toh(header.run),
                .topic = (const char *)q->buffer,
                .type = (const char *)q->buffer + topic,
                .payload = q->buffer + topic + type,
                .payload_size = le32toh(header.size) - topic - type,
            };
            return QUEUE_OK;
        }
        offset = next;
    }
    return QUEUE_END;
}

/* MARK: Opening */

static bool write_exactly(int file, const void *data, size_t size, off_t offset) {
    const uint8_t *from = data;
    while (size > 0) {
        ssize_t done = pwrite(file, from, size, offset);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return false;
        from += done;
        offset += done;
        size -= (size_t)done;
    }
    return true;
}

/* The name of a new file is only there after a power cut if its directory was synced. */
static bool sync_directory(const char *path) {
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    int file = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool done = file >= 0 && fsync(file) == 0;
    if (file >= 0) close(file);
    free(directory);
    return done;
}

/* Looks at every record: where the head is, how much waits, and what to cut off. */
static queue_result recover(queue *q) {
    record_header header;
    off_t at = sizeof file_magic, whole = at;
    while (find_record(q, &at, &header)) {
        q->damaged += (uint64_t)(at - whole);
        uint64_t sequence = le64toh(header.sequence);
        if (header.kind == KIND_TRIM && sequence > q->trimmed) q->trimmed = sequence;
        if (sequence > q->last_sequence) q->last_sequence = sequence;
        whole = at = end_of(at, &header);
    }
    q->end = whole;
    if (ftruncate(q->file, whole) != 0) return QUEUE_DISK;
    queue_record record;
    for (q->head = sizeof file_magic; queue_read(q, q->head, &record) == QUEUE_OK; q->head = record.next)
        if (record.sequence > q->trimmed) break;
    for (at = q->head; queue_read(q, at, &record) == QUEUE_OK; at = record.next) {
        q->count++;
        q->bytes += (uint64_t)(record.next - record.offset);
    }
    return QUEUE_OK;
}

static queue_result open_file(queue *q) {
    q->file = open(q->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (q->file < 0) return QUEUE_DISK;
    struct stat status;
    if (flock(q->file, LOCK_EX | LOCK_NB) != 0) return errno == EWOULDBLOCK ? QUEUE_IN_USE : QUEUE_DISK;
    if (fstat(q->file, &status) != 0) return QUEUE_DISK;
    /* The process that had it has just put another file in its place. */
    if (status.st_nlink == 0) return QUEUE_IN_USE;
    char magic[sizeof file_magic];
    if (status.st_size < (off_t)sizeof magic) {
        /* New, or torn while it was made: there was nothing in it. */
        if (ftruncate(q->file, 0) != 0 || !write_exactly(q->file, file_magic, sizeof file_magic, 0)) return QUEUE_DISK;
        if (fsync(q->file) != 0 || !sync_directory(q->path)) return QUEUE_DISK;
        status.st_size = sizeof magic;
    }
    if (!read_exactly(q->file, magic, sizeof magic, 0)) return QUEUE_DISK;
    if (memcmp(magic, file_magic, sizeof magic) != 0) return QUEUE_FOREIGN;
    q->end = status.st_size;
    return recover(q);
}

queue_result queue_open(queue **result, const char *path, uint64_t bytes_maximum, bool sync) {
    queue *q = calloc(1, sizeof *q);
    if (!q) return QUEUE_DISK;
    q->file = -1;
    q->sync = sync;
    q->bytes_maximum = bytes_maximum;
    queue_result opened = QUEUE_DISK;
    if ((q->path = strdup(path)) && getrandom(&q->run, sizeof q->run, 0) == sizeof q->run) opened = open_file(q);
    if (opened != QUEUE_OK) {
        queue_close(q);
        return opened;
    }
    *result = q;
    return QUEUE_OK;
}

void queue_close(queue *q) {
    if (!q) return;
    if (q->file >= 0) close(q->file);
    free(q->path);
    free(q->buffer);
    free(q);
}

/* MARK: Writing */

static size_t record_size(const char *topic, const char *type, size_t payload_size) {
    return sizeof(record_header) + strlen(topic) + 1 + strlen(type) + 1 + payload_size;
}

/* Appends what is in the buffer. What was only written in part is taken back. */
static queue_result write_record(queue *q, uint8_t kind, uint64_t sequence, uint32_t topic_size, uint32_t type_size,
                                 size_t size, bool sync) {
    record_header header = {
        .magic = htole16(RECORD_MAGIC),
        .kind = kind,
        .size = htole32((uint32_t)size),
        .sequence = htole64(sequence),
        .run = htole64(q->run),
        .topic_size = htole32(topic_size),
        .type_size = htole32(type_size),
    };
    header.crc = htole32(record_crc(&header, q->buffer, size));
    if (!write_exactly(q->file, &header, sizeof header, q->end) ||
        !write_exactly(q->file, q->buffer, size, q->end + (off_t)sizeof header) ||
        (sync && fdatasync(q->file) != 0)) {
        int cause = errno;
        if (ftruncate(q->file, q->end) != 0) cause = errno;
        errno = cause;
        return QUEUE_DISK;
    }
    q->end += (off_t)(sizeof header + size);
    return QUEUE_OK;
}

bool queue_is_full(const queue *q, const char *topic, const char *type, size_t payload_size) {
    return q->bytes + record_size(topic, type, payload_size) > q->bytes_maximum;
}

queue_result queue_append(queue *q, const char *topic, const char *type, const uint8_t *payload, size_t payload_size,
                          uint64_t *sequence) {
    if (payload_size > QUEUE_RECORD_MAXIMUM || record_size(topic, type, payload_size) > QUEUE_RECORD_MAXIMUM)
        return QUEUE_TOO_LARGE;
    if (queue_is_full(q, topic, type, payload_size)) return QUEUE_FULL;
    size_t topic_size = strlen(topic) + 1, type_size = strlen(type) + 1, size = topic_size + type_size + payload_size;
    if (!reserve(q, size)) return QUEUE_DISK;
    memcpy(q->buffer, topic, topic_size);
    memcpy(q->buffer + topic_size, type, type_size);
    if (payload_size > 0) memcpy(q->buffer + topic_size + type_size, payload, payload_size);
    queue_result written = write_record(q, KIND_MESSAGE, q->last_sequence + 1, (uint32_t)topic_size,
                                        (uint32_t)type_size, size, q->sync);
    if (written != QUEUE_OK) return written;
    *sequence = ++q->last_sequence;
    q->count++;
    q->bytes += sizeof(record_header) + size;
    return QUEUE_OK;
}

queue_result queue_trim(queue *q, off_t offset) {
    queue_record record;
    uint64_t last = q->trimmed;
    while (q->head < offset && queue_read(q, q->head, &record) == QUEUE_OK && record.offset < offset) {
        q->head = record.next;
        q->count--;
        q->bytes -= (uint64_t)(record.next - record.offset);
        last = record.sequence;
    }
    if (last == q->trimmed) return QUEUE_OK;
    q->trimmed = last;
    return write_record(q, KIND_TRIM, last, 0, 0, 0, false);
}

/* MARK: Compacting */

/* The new file: a note of what is done with, so that sequences go on, and what waits. */
static bool copy_live(queue *q, int file, off_t live, off_t *end) {
    record_header trim = {
        .magic = htole16(RECORD_MAGIC), .kind = KIND_TRIM, .sequence = htole64(q->trimmed), .run = htole64(q->run)};
    trim.crc = htole32(record_crc(&trim, NULL, 0));
    if (!write_exactly(file, file_magic, sizeof file_magic, 0)) return false;
    if (!write_exactly(file, &trim, sizeof trim, sizeof file_magic)) return false;
    off_t to = (off_t)(sizeof file_magic + sizeof trim);
    if (!reserve(q, 64 << 10)) return false;
    for (off_t from = live; from < q->end;) {
        size_t size = q->end - from < (64 << 10) ? (size_t)(q->end - from) : 64 << 10;
        if (!read_exactly(q->file, q->buffer, size, from) || !write_exactly(file, q->buffer, size, to)) return false;
        from += (off_t)size;
        to += (off_t)size;
    }
    *end = to;
    return true;
}

queue_result queue_compact(queue *q, off_t *moved) {
    *moved = 0;
    off_t start = (off_t)(sizeof file_magic + sizeof(record_header));
    uint64_t dead = (uint64_t)q->end - sizeof file_magic - q->bytes;
    if (dead < COMPACT_MINIMUM || dead < q->bytes) return QUEUE_OK;
    char *path = NULL;
    if (asprintf(&path, "%s.new", q->path) < 0) return QUEUE_DISK;
    off_t end = 0, live = q->count > 0 ? q->head : q->end;
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    /* Locked before it takes the name, so that nobody else can have it in between. */
    bool done = file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0 && copy_live(q, file, live, &end) &&
                fsync(file) == 0 && rename(path, q->path) == 0;
    int cause = errno;
    if (!done) {
        if (file >= 0) close(file);
        unlink(path);
        free(path);
        errno = cause;
        return QUEUE_DISK;
    }
    free(path);
    close(q->file);
    q->file = file;
    q->head = start;
    q->end = end;
    *moved = live - start;
    return sync_directory(q->path) ? QUEUE_OK : QUEUE_DISK;
}

/* MARK: Figures */

off_t queue_head(const queue *q) { return q->head; }
uint64_t queue_last_sequence(const queue *q) { return q->last_sequence; }
uint64_t queue_count(const queue *q) { return q->count; }
uint64_t queue_bytes(const queue *q) { return q->bytes; }
uint64_t queue_damaged(const queue *q) { return q->damaged; }
