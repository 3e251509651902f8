/* A queue of messages in one append-only file: what was put into it is there after kill -9 and, with `sync`, after a
 * power cut. One process at a time, one thread. */
#ifndef DEVICEKIT_QUEUE_H
#define DEVICEKIT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct queue queue;

/* A record as it lies in the file. The texts are only good until the next call with the same queue. */
typedef struct {
    off_t offset;      /* where it begins */
    off_t next;        /* where the one after it begins */
    uint64_t sequence; /* 1, 2, 3… over the life of the file */
    uint64_t run;      /* a random number of the process that put it there */
    const char *topic;
    const char *type;
    const uint8_t *payload;
    size_t payload_size;
} queue_record;

typedef enum {
    QUEUE_OK,
    QUEUE_END,       /* there is no further record */
    QUEUE_FULL,      /* it would hold more bytes than it may */
    QUEUE_TOO_LARGE, /* a record has at most QUEUE_RECORD_MAXIMUM bytes */
    QUEUE_DISK,      /* see errno */
    QUEUE_IN_USE,    /* another process has it */
    QUEUE_FOREIGN,   /* the file is something else */
} queue_result;

/* Bytes of a record with its header. */
#define QUEUE_RECORD_MAXIMUM (1 << 20)

/* Opens the file or makes it. A record that was torn by a crash is cut off; one that is damaged in the middle is passed
 * over and counted.
 *
 * bytes_maximum: of the records that wait. The file is at most twice that and 128 KiB; while it is rewritten without
 * what is done with, both files are there. */
queue_result queue_open(queue **result, const char *path, uint64_t bytes_maximum, bool sync);
void queue_close(queue *q);

/* Appends a message and returns its sequence. With `sync` it is on disk then. */
queue_result queue_append(queue *q, const char *topic, const char *type, const uint8_t *payload, size_t payload_size,
                          uint64_t *sequence);

/* The first record at or behind an offset; queue_head() is where to begin. */
queue_result queue_read(queue *q, off_t offset, queue_record *record);
off_t queue_head(const queue *q);

/* Everything before `offset` is done with. The note of it is not synced: if it is lost, those records come again. */
queue_result queue_trim(queue *q, off_t offset);

/* Rewrites the file without what is done with, if that is worth it. Offsets change: by `*moved` fewer. */
queue_result queue_compact(queue *q, off_t *moved);

/* A new record of this size would have to wait for room. */
bool queue_is_full(const queue *q, const char *topic, const char *type, size_t payload_size);

uint64_t queue_last_sequence(const queue *q); /* 0 for none */
uint64_t queue_count(const queue *q);   /* records that wait */
uint64_t queue_bytes(const queue *q);   /* of them */
uint64_t queue_damaged(const queue *q); /* bytes that were passed over */

#endif
