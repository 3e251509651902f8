/* DeviceKit: a device's way to the bus that loses nothing while the bus is away.
 *
 * A message is in a queue on disk when devicekit_publish() returns, and leaves it when the broker has acknowledged it
 * (MQTT 5, QoS 1). Messages go out in the order in which they were put in. Each carries the user properties
 *   id    the same however often it is sent: whoever stores events keeps one of each id
 *   type  as the caller named it
 * so what QoS 1 sends twice after a cut is known again. The queue is bounded; what happens when it is full is chosen with
 * `when_full`.
 *
 * One thread. All that is slow or waits happens in devicekit_step(). */
#ifndef DEVICEKIT_H
#define DEVICEKIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct devicekit devicekit;

typedef enum {
    DEVICEKIT_OK = 0,
    DEVICEKIT_FULL,    /* nothing was taken: the queue is full and `when_full` is DEVICEKIT_REFUSE */
    DEVICEKIT_INVALID, /* larger than a record may be, or not a topic name */
    DEVICEKIT_DISK,    /* nothing was taken: the disk refuses; errno says why */
} devicekit_result;

typedef enum {
    DEVICEKIT_REFUSE,      /* a new message is refused until there is room */
    DEVICEKIT_DROP_OLDEST, /* the oldest messages are dropped, and counted */
} devicekit_full;

typedef struct {
    const char *host;
    int port;
    const char *client_id;    /* 1 to 64 letters, digits, '.', '_' or '-': a part of each id */
    const char *username;     /* NULL for none */
    const char *password;
    const char *ca_file;      /* PEM; not NULL: TLS */
    const char *certificate_file;
    const char *key_file;
    const char *queue_file;
    uint64_t queue_bytes;     /* of messages that wait; 0: 16 MiB */
    devicekit_full when_full;
    bool no_sync;             /* messages survive the death of the process, but not a power cut */
    unsigned in_flight;       /* sent and not yet acknowledged, 1 to 64; 0: 16 */
    unsigned retry_minimum_ms, retry_maximum_ms; /* between attempts to connect; 0: 200 and 10,000 */
    /* Told of what a person should know; NULL for silence. */
    void (*log)(const char *line);
} devicekit_settings;

/* Counts since the start of the process, but for what waits. */
typedef struct {
    bool connected;
    uint64_t queued;       /* taken by devicekit_publish() */
    uint64_t acknowledged; /* by the broker */
    uint64_t repeated;     /* sent once more, after a connection that ended without their acknowledgement */
    uint64_t dropped;      /* by DEVICEKIT_DROP_OLDEST */
    uint64_t refused;      /* by the broker for good: not authorised, not a topic it takes, too large */
    uint64_t connections;
    uint64_t waiting;
    uint64_t waiting_bytes;
    uint64_t damaged_bytes; /* of the queue file, passed over when it was opened */
} devicekit_figures;

/* Opens the queue. Connecting is left to devicekit_step().
 *
 * Returns NULL where it cannot, and says in `error` what was expected, found and what to do. */
devicekit *devicekit_open(const devicekit_settings *settings, char *error, size_t error_size);

/* Puts a message into the queue. `sequence`, if not NULL, receives its number: 1, 2, 3… over the life of the queue file.
 * `type` is the full name of the protobuf message in the payload. */
devicekit_result devicekit_publish(devicekit *kit, const char *topic, const char *type, const void *payload,
                                   size_t payload_size, uint64_t *sequence);

/* The number that the next message will have. */
uint64_t devicekit_next_sequence(const devicekit *kit);

/* Connects, sends and takes acknowledgements, for at most `timeout_ms`. */
void devicekit_step(devicekit *kit, int timeout_ms);

devicekit_figures devicekit_figures_of(const devicekit *kit);

/* Says goodbye to the broker and closes the queue; what waits in it waits on disk. */
void devicekit_close(devicekit *kit);

#endif
