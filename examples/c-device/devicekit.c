#include "devicekit.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "queue.h"

#define IN_FLIGHT_MAXIMUM 64
#define KEEPALIVE_SECONDS 30
#define CONNECT_TIMEOUT_MS 10000

/* A message on its way. */
typedef struct {
    off_t next; /* where the record after it begins */
    uint64_t sequence;
    int mid; /* packet identifier */
    bool is_done;
} sent_message;

typedef enum { LINK_DOWN, LINK_CONNECTING, LINK_UP, LINK_FAILED } link_state;

struct devicekit {
    devicekit_settings settings;
    char *texts[8]; /* copies of the settings' */
    queue *queue;
    struct mosquitto *mosquitto;
    link_state link;
    int64_t deadline; /* of connecting, or when to try again: milliseconds of a clock that never jumps */
    unsigned retry_ms;
    sent_message sent[IN_FLIGHT_MAXIMUM]; /* in order */
    unsigned sent_count;
    off_t send_from;         /* the first record that was not sent on this connection */
    uint64_t sent_before;    /* the largest sequence sent on any connection of this process */
    devicekit_figures figures;
};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void say(const devicekit *kit, const char *format, ...) {
    char line[256];
    va_list arguments;
    if (!kit->settings.log) return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    kit->settings.log(line);
}

/* MARK: Opening */

static bool is_client_id(const char *id) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t size = id ? strlen(id) : 0;
    return size >= 1 && size <= 64 && strspn(id, allowed) == size;
}

static bool copy_texts(devicekit *kit) {
    const char **texts[] = {&kit->settings.host,     &kit->settings.client_id,        &kit->settings.username,
                            &kit->settings.password, &kit->settings.ca_file,          &kit->settings.certificate_file,
                            &kit->settings.key_file, &kit->settings.queue_file};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!*texts[i]) continue;
        if (!(kit->texts[i] = strdup(*texts[i]))) return false;
        *texts[i] = kit->texts[i];
    }
    return true;
}

static void explain(queue_result result, const char *path, char *error, size_t size) {
    switch (result) {
    case QUEUE_IN_USE:
        snprintf(error, size, "queue \"%s\" is used by another process; give each device a file of its own", path);
        break;
    case QUEUE_FOREIGN:
        snprintf(error, size, "queue \"%s\": expected a queue of DeviceKit, found something else; name another file", path);
        break;
    default:
        snprintf(error, size, "queue \"%s\" cannot be opened (%s); check its directory and owner", path, strerror(errno));
    }
}

devicekit *devicekit_open(const devicekit_settings *settings, char *error, size_t error_size) {
    if (!settings->host || !settings->queue_file || !is_client_id(settings->client_id) ||
        settings->in_flight > IN_FLIGHT_MAXIMUM) {
        snprintf(error, error_size, "expected a host, a queue file, a client_id of 1 to 64 letters, digits, '.', '_', '-', and at most %d in flight",
                 IN_FLIGHT_MAXIMUM);
        return NULL;
    }
    devicekit *kit = calloc(1, sizeof *kit);
    if (!kit) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    kit->settings = *settings;
    if (kit->settings.queue_bytes == 0) kit->settings.queue_bytes = 16 << 20;
    if (kit->settings.in_flight == 0) kit->settings.in_flight = 16;
    if (kit->settings.retry_minimum_ms == 0) kit->settings.retry_minimum_ms = 200;
    if (kit->settings.retry_maximum_ms == 0) kit->settings.retry_maximum_ms = 10000;
    kit->retry_ms = kit->settings.retry_minimum_ms;
    queue_result opened = QUEUE_DISK;
    if (copy_texts(kit))
        opened = queue_open(&kit->queue, kit->settings.queue_file, kit->settings.queue_bytes, !kit->settings.no_sync);
    if (opened != QUEUE_OK) {
        explain(opened, settings->queue_file, error, error_size);
        devicekit_close(kit);
        return NULL;
    }
    mosquitto_lib_init();
    srandom((unsigned)time(NULL) ^ (unsigned)(uintptr_t)kit);
    kit->figures.damaged_bytes = queue_damaged(kit->queue);
    if (kit->figures.damaged_bytes > 0)
        say(kit, "queue: %llu bytes are damaged and were passed over", (unsigned long long)kit->figures.damaged_bytes);
    return kit;
}

/* MARK: The link */

/* `result` is what libmosquitto said last. */
static void link_down(devicekit *kit, int result) {
    /* Told once for each time that the broker is away. */
    if (kit->link == LINK_CONNECTING && kit->retry_ms == kit->settings.retry_minimum_ms)
        say(kit, "cannot reach %s:%d (%s); messages wait in the queue", kit->settings.host, kit->settings.port,
            result == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(result));
    if (kit->mosquitto) mosquitto_destroy(kit->mosquitto);
    kit->mosquitto = NULL;
    kit->link = LINK_DOWN;
    kit->figures.connected = false;
    /* Some before and some after, so that devices which lost their broker together do not come back together. */
    kit->deadline = now_ms() + kit->retry_ms / 2 + random() % (kit->retry_ms + 1);
    kit->retry_ms = kit->retry_ms * 2 < kit->settings.retry_maximum_ms ? kit->retry_ms * 2 : kit->settings.retry_maximum_ms;
}

static void on_connect(struct mosquitto *mosquitto, void *context, int code, int flags, const mosquitto_property *properties) {
    (void)mosquitto, (void)flags, (void)properties;
    devicekit *kit = context;
    if (code != 0) {
        say(kit, "%s:%d refuses the connection: %s", kit->settings.host, kit->settings.port, mosquitto_reason_string(code));
        kit->link = LINK_FAILED;
        return;
    }
    kit->link = LINK_UP;
    kit->figures.connected = true;
    kit->figures.connections++;
    /* A new session: what was on its way is sent once more, from the queue. */
    kit->sent_count = 0;
    kit->send_from = queue_head(kit->queue);
    say(kit, "connected to %s:%d, %llu messages wait", kit->settings.host, kit->settings.port,
        (unsigned long long)queue_count(kit->queue));
}

static void on_disconnect(struct mosquitto *mosquitto, void *context, int code, const mosquitto_property *properties) {
    (void)mosquitto, (void)properties;
    devicekit *kit = context;
    if (kit->link == LINK_UP) say(kit, "connection lost: %s", mosquitto_strerror(code));
    kit->link = LINK_FAILED;
}

/* The broker will never take this message, however often it is sent. */
static bool is_final(int reason) {
    switch (reason) {
    case MQTT_RC_NOT_AUTHORIZED:
    case MQTT_RC_TOPIC_NAME_INVALID:
    case MQTT_RC_PACKET_TOO_LARGE:
    case MQTT_RC_PAYLOAD_FORMAT_INVALID: return true;
    default: return false;
    }
}

static void on_publish(struct mosquitto *mosquitto, void *context, int mid, int reason, const mosquitto_property *properties) {
    (void)mosquitto, (void)properties;
    devicekit *kit = context;
    for (unsigned i = 0; i < kit->sent_count; i++) {
        sent_message *message = &kit->sent[i];
        if (message->mid != mid || message->is_done) continue;
        if (reason < 0x80) {
            kit->figures.acknowledged++;
            kit->retry_ms = kit->settings.retry_minimum_ms;
        } else if (is_final(reason)) {
            kit->figures.refused++;
            say(kit, "message %llu is refused: %s", (unsigned long long)message->sequence, mosquitto_reason_string(reason));
        } else {
            /* The broker cannot take it now, a full disk perhaps: begin again with this message, later. */
            say(kit, "the broker cannot take messages now: %s", mosquitto_reason_string(reason));
            kit->link = LINK_FAILED;
            return;
        }
        message->is_done = true;
        return;
    }
}

static bool configure(devicekit *kit) {
    const devicekit_settings *settings = &kit->settings;
    struct mosquitto *mosquitto = mosquitto_new(settings->client_id, true, kit);
    if (!mosquitto) return false;
    kit->mosquitto = mosquitto;
    mosquitto_connect_v5_callback_set(mosquitto, on_connect);
    mosquitto_disconnect_v5_callback_set(mosquitto, on_disconnect);
    mosquitto_publish_v5_callback_set(mosquitto, on_publish);
    int result = mosquitto_int_option(mosquitto, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    if (!result) result = mosquitto_int_option(mosquitto, MOSQ_OPT_TCP_NODELAY, 1);
    if (!result && settings->username) result = mosquitto_username_pw_set(mosquitto, settings->username, settings->password);
    if (!result && settings->ca_file)
        result = mosquitto_tls_set(mosquitto, settings->ca_file, NULL, settings->certificate_file, settings->key_file, NULL);
    if (result) say(kit, "cannot prepare the connection: %s", mosquitto_strerror(result));
    return result == MOSQ_ERR_SUCCESS;
}

static void connect_now(devicekit *kit) {
    if (!configure(kit)) {
        link_down(kit, MOSQ_ERR_SUCCESS);
        return;
    }
    kit->link = LINK_CONNECTING;
    kit->deadline = now_ms() + CONNECT_TIMEOUT_MS;
    int result = mosquitto_connect_async(kit->mosquitto, kit->settings.host, kit->settings.port, KEEPALIVE_SECONDS);
    if (result != MOSQ_ERR_SUCCESS) link_down(kit, result);
}

/* MARK: Sending */

static mosquitto_property *properties_of(const devicekit *kit, const queue_record *record) {
    char id[128];
    mosquitto_property *properties = NULL;
    /* The run is in it because a file that was not synced may lose sequences in a power cut and give them out again. */
    snprintf(id, sizeof id, "%s-%016llx-%llu", kit->settings.client_id, (unsigned long long)record->run,
             (unsigned long long)record->sequence);
    if (mosquitto_property_add_string(&properties, MQTT_PROP_CONTENT_TYPE, "application/x-protobuf") ||
        mosquitto_property_add_string_pair(&properties, MQTT_PROP_USER_PROPERTY, "id", id) ||
        mosquitto_property_add_string_pair(&properties, MQTT_PROP_USER_PROPERTY, "type", record->type)) {
        mosquitto_property_free_all(&properties);
        return NULL;
    }
    return properties;
}

static void send_waiting(devicekit *kit) {
    queue_record record;
    while (kit->link == LINK_UP && kit->sent_count < kit->settings.in_flight &&
           queue_read(kit->queue, kit->send_from, &record) == QUEUE_OK) {
        mosquitto_property *properties = properties_of(kit, &record);
        if (!properties) return;
        sent_message *message = &kit->sent[kit->sent_count];
        *message = (sent_message){.next = record.next, .sequence = record.sequence};
        int result = mosquitto_publish_v5(kit->mosquitto, &message->mid, record.topic, (int)record.payload_size,
                                          record.payload, 1, false, properties);
        mosquitto_property_free_all(&properties);
        if (result == MOSQ_ERR_OVERSIZE_PACKET || result == MOSQ_ERR_INVAL) {
            kit->figures.refused++;
            say(kit, "message %llu cannot be sent: %s", (unsigned long long)record.sequence, mosquitto_strerror(result));
            message->mid = 0;
            message->is_done = true;
        } else if (result != MOSQ_ERR_SUCCESS) {
            kit->link = LINK_FAILED;
            return;
        }
        kit->sent_count++;
        kit->send_from = record.next;
        if (record.sequence <= kit->sent_before)
            kit->figures.repeated++;
        else
            kit->sent_before = record.sequence;
    }
}

/* Gives the room of what is done with back to the disk, when it is worth it. */
static void compact(devicekit *kit) {
    off_t moved;
    if (queue_compact(kit->queue, &moved) != QUEUE_OK) say(kit, "queue: cannot be made smaller (%s)", strerror(errno));
    kit->send_from -= moved;
    for (unsigned i = 0; i < kit->sent_count; i++) kit->sent[i].next -= moved;
}

/* Lets the queue forget what is done with from its beginning on. */
static void settle(devicekit *kit) {
    unsigned done = 0;
    while (done < kit->sent_count && kit->sent[done].is_done) done++;
    if (done == 0) return;
    if (queue_trim(kit->queue, kit->sent[done - 1].next) != QUEUE_OK)
        say(kit, "queue: %s; what was acknowledged may be sent again", strerror(errno));
    kit->sent_count -= done;
    memmove(kit->sent, kit->sent + done, kit->sent_count * sizeof *kit->sent);
    compact(kit);
}

void devicekit_step(devicekit *kit, int timeout_ms) {
    int64_t end = now_ms() + timeout_ms;
    do {
        if (kit->link == LINK_DOWN) {
            int64_t wait = (kit->deadline < end ? kit->deadline : end) - now_ms();
            if (wait > 0) nanosleep(&(struct timespec){wait / 1000, wait % 1000 * 1000000}, NULL);
            if (now_ms() < kit->deadline) return;
            connect_now(kit);
            continue;
        }
        send_waiting(kit);
        int64_t wait = end - now_ms();
        int result = mosquitto_loop(kit->mosquitto, wait > 0 ? (int)wait : 0, 1);
        settle(kit);
        if (result != MOSQ_ERR_SUCCESS || kit->link == LINK_FAILED ||
            (kit->link == LINK_CONNECTING && now_ms() >= kit->deadline))
            link_down(kit, result);
    } while (now_ms() < end);
}

/* MARK: Publishing */

static bool is_topic_name(const char *topic) {
    return topic && *topic && strlen(topic) <= 65535 && !strpbrk(topic, "+#");
}

/* Returns false where the queue cannot even be read. */
static bool drop_oldest(devicekit *kit) {
    queue_record oldest;
    if (queue_read(kit->queue, queue_head(kit->queue), &oldest) != QUEUE_OK) return false;
    if (queue_trim(kit->queue, oldest.next) != QUEUE_OK)
        say(kit, "queue: %s; what was dropped may be sent after a restart", strerror(errno));
    kit->figures.dropped++;
    if (kit->send_from < oldest.next) kit->send_from = oldest.next;
    if (kit->sent_count > 0 && kit->sent[0].sequence == oldest.sequence)
        memmove(kit->sent, kit->sent + 1, --kit->sent_count * sizeof *kit->sent);
    compact(kit);
    return true;
}

devicekit_result devicekit_publish(devicekit *kit, const char *topic, const char *type, const void *payload,
                                   size_t payload_size, uint64_t *sequence) {
    if (!is_topic_name(topic) || !type) return DEVICEKIT_INVALID;
    if (kit->settings.when_full == DEVICEKIT_DROP_OLDEST)
        while (queue_count(kit->queue) > 0 && queue_is_full(kit->queue, topic, type, payload_size))
            if (!drop_oldest(kit)) return DEVICEKIT_DISK;
    uint64_t given;
    switch (queue_append(kit->queue, topic, type, payload, payload_size, &given)) {
    case QUEUE_OK:
        kit->figures.queued++;
        if (sequence) *sequence = given;
        return DEVICEKIT_OK;
    case QUEUE_FULL: return DEVICEKIT_FULL;
    case QUEUE_TOO_LARGE: return DEVICEKIT_INVALID;
    default: return DEVICEKIT_DISK;
    }
}

uint64_t devicekit_next_sequence(const devicekit *kit) { return queue_last_sequence(kit->queue) + 1; }

devicekit_figures devicekit_figures_of(const devicekit *kit) {
    devicekit_figures figures = kit->figures;
    figures.waiting = queue_count(kit->queue);
    figures.waiting_bytes = queue_bytes(kit->queue);
    return figures;
}

void devicekit_close(devicekit *kit) {
    if (!kit) return;
    if (kit->link == LINK_UP) {
        mosquitto_disconnect_v5(kit->mosquitto, 0, NULL);
        mosquitto_loop(kit->mosquitto, 100, 1);
    }
    if (kit->mosquitto) mosquitto_destroy(kit->mosquitto);
    if (kit->queue) {
        queue_close(kit->queue);
        mosquitto_lib_cleanup();
    }
    for (size_t i = 0; i < sizeof kit->texts / sizeof *kit->texts; i++) free(kit->texts[i]);
    free(kit);
}
