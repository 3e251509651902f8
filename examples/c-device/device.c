/* A device that measures temperature, humidity and vibration, made up but with a daily course, and publishes them as
 * weir.telemetry.v1.Telemetry through DeviceKit. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "devicekit.h"
#include "weir/telemetry/v1/telemetry.pb-c.h"

#define TYPE "weir.telemetry.v1.Telemetry"

static volatile sig_atomic_t must_end;

static void on_signal(int number) {
    (void)number;
    must_end = 1;
}

typedef struct {
    devicekit_settings kit;
    const char *topic;
    double rate;    /* samples a second */
    uint64_t count; /* 0: until it is told to end */
    bool drain;     /* no new samples, only what waits */
    double status;  /* seconds between lines that say how it stands; 0: only at the end */
} options;

static const char usage[] =
    "usage: device [--host 127.0.0.1] [--port 1883] [--id device-1] [--topic telemetry/ID] [--rate 1] [--count N]\n"
    "              [--queue ID.queue] [--queue-bytes 16777216] [--full refuse|drop-oldest] [--no-sync] [--in-flight 16]\n"
    "              [--username U --password P] [--cafile F] [--cert F --key F] [--drain] [--status SECONDS]\n"
    "Takes --rate samples a second and publishes each on --topic. Ends when --count samples were taken and all that\n"
    "waited is acknowledged; without --count when it is told to, and then what waits stays in the queue. --drain takes\n"
    "no samples. --status says every so many seconds how it stands.\n";

static void __attribute__((noreturn, format(printf, 1, 2))) stop(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("device: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(2);
}

static double number(const char *name, const char *text, double minimum, double maximum) {
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (errno || end == text || *end || !(value >= minimum && value <= maximum))
        stop("--%s: expected a number from %.0f to %.0f, found \"%s\"", name, minimum, maximum, text);
    return value;
}

static void log_line(const char *line) { fprintf(stderr, "device: %s\n", line); }

enum { HOST = 1, PORT, ID, TOPIC, RATE, COUNT, QUEUE, QUEUE_BYTES, FULL, NO_SYNC, IN_FLIGHT, USER, PASSWORD, CAFILE, CERT, KEY, DRAIN, STATUS, HELP };

static options parse(int count, char **words) {
    static const struct option known[] = {
        {"host", required_argument, 0, HOST},     {"port", required_argument, 0, PORT},
        {"id", required_argument, 0, ID},         {"topic", required_argument, 0, TOPIC},
        {"rate", required_argument, 0, RATE},     {"count", required_argument, 0, COUNT},
        {"queue", required_argument, 0, QUEUE},   {"queue-bytes", required_argument, 0, QUEUE_BYTES},
        {"full", required_argument, 0, FULL},     {"no-sync", no_argument, 0, NO_SYNC},
        {"in-flight", required_argument, 0, IN_FLIGHT},
        {"username", required_argument, 0, USER}, {"password", required_argument, 0, PASSWORD},
        {"cafile", required_argument, 0, CAFILE}, {"cert", required_argument, 0, CERT},
        {"key", required_argument, 0, KEY},       {"drain", no_argument, 0, DRAIN},
        {"status", required_argument, 0, STATUS},
        {"help", no_argument, 0, HELP},           {0, 0, 0, 0}};
    static char topic[128], queue[128];
    options o = {.kit = {.host = "127.0.0.1", .port = 1883, .client_id = "device-1", .log = log_line}, .rate = 1};
    for (int option; (option = getopt_long(count, words, "", known, NULL)) != -1;) switch (option) {
        case HOST: o.kit.host = optarg; break;
        case PORT: o.kit.port = (int)number("port", optarg, 1, 65535); break;
        case ID: o.kit.client_id = optarg; break;
        case TOPIC: o.topic = optarg; break;
        case RATE: o.rate = number("rate", optarg, 0.001, 100000); break;
        case COUNT: o.count = (uint64_t)number("count", optarg, 0, 1e15); break;
        case QUEUE: o.kit.queue_file = optarg; break;
        case QUEUE_BYTES: o.kit.queue_bytes = (uint64_t)number("queue-bytes", optarg, 1024, 1e15); break;
        case FULL:
            if (strcmp(optarg, "refuse") == 0) o.kit.when_full = DEVICEKIT_REFUSE;
            else if (strcmp(optarg, "drop-oldest") == 0) o.kit.when_full = DEVICEKIT_DROP_OLDEST;
            else stop("--full: expected \"refuse\" or \"drop-oldest\", found \"%s\"", optarg);
            break;
        case NO_SYNC: o.kit.no_sync = true; break;
        case IN_FLIGHT: o.kit.in_flight = (unsigned)number("in-flight", optarg, 1, 64); break;
        case USER: o.kit.username = optarg; break;
        case PASSWORD: o.kit.password = optarg; break;
        case CAFILE: o.kit.ca_file = optarg; break;
        case CERT: o.kit.certificate_file = optarg; break;
        case KEY: o.kit.key_file = optarg; break;
        case STATUS: o.status = number("status", optarg, 0.1, 86400); break;
        case DRAIN: o.drain = true; break;
        case HELP: fputs(usage, stdout); exit(0);
        default: fputs(usage, stderr); exit(2);
        }
    if (optind < count) stop("found \"%s\", expected flags only; see --help", words[optind]);
    if (!o.topic) {
        snprintf(topic, sizeof topic, "telemetry/%.64s", o.kit.client_id);
        o.topic = topic;
    }
    if (!o.kit.queue_file) {
        snprintf(queue, sizeof queue, "%.64s.queue", o.kit.client_id);
        o.kit.queue_file = queue;
    }
    return o;
}

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Measures and publishes. */
static devicekit_result sample(devicekit *kit, const options *o) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    double day = (double)(now.tv_sec % 86400) / 86400 * 2 * M_PI, noise = (double)(random() % 1000) / 1000;
    Weir__Telemetry__V1__Reading readings[3] = {WEIR__TELEMETRY__V1__READING__INIT, WEIR__TELEMETRY__V1__READING__INIT,
                                                WEIR__TELEMETRY__V1__READING__INIT};
    readings[0].name = "temperature", readings[0].unit = "Cel", readings[0].value = 18 - 6 * cos(day) + noise;
    readings[1].name = "humidity", readings[1].unit = "%", readings[1].value = 60 + 15 * cos(day) + noise;
    readings[2].name = "vibration", readings[2].unit = "mm/s", readings[2].value = noise * noise * 4;
    Weir__Telemetry__V1__Reading *list[] = {&readings[0], &readings[1], &readings[2]};
    Weir__Telemetry__V1__Telemetry telemetry = WEIR__TELEMETRY__V1__TELEMETRY__INIT;
    telemetry.device_id = (char *)o->kit.client_id;
    telemetry.sequence = devicekit_next_sequence(kit);
    telemetry.time_unix_nanos = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    telemetry.n_readings = sizeof list / sizeof *list;
    telemetry.readings = list;
    uint8_t payload[512];
    if (weir__telemetry__v1__telemetry__get_packed_size(&telemetry) > sizeof payload) return DEVICEKIT_INVALID;
    size_t size = weir__telemetry__v1__telemetry__pack(&telemetry, payload);
    return devicekit_publish(kit, o->topic, TYPE, payload, size, NULL);
}

/* Takes the samples that are due, for 50 ms at most so that sending goes on, and returns how many were taken. */
static uint64_t take_due(devicekit *kit, const options *o, uint64_t taken, double began) {
    double now = seconds(CLOCK_MONOTONIC);
    uint64_t due = (uint64_t)((now - began) * o->rate) + 1;
    static bool was_told;
    while (taken < due && seconds(CLOCK_MONOTONIC) < now + 0.05 && (o->count == 0 || taken < o->count) && !must_end) {
        devicekit_result result = sample(kit, o);
        if (result == DEVICEKIT_OK) {
            was_told = false;
            taken++;
            continue;
        }
        if (result == DEVICEKIT_INVALID) stop("topic \"%s\": expected a topic name without + and #", o->topic);
        /* The sample waits for room: this device would rather measure later than not at all. */
        if (!was_told) log_line(result == DEVICEKIT_FULL ? "the queue is full; measuring waits" : strerror(errno));
        was_told = true;
        break;
    }
    return taken;
}

static void summary(devicekit *kit) {
    devicekit_figures f = devicekit_figures_of(kit);
    printf("queued %" PRIu64 ", acknowledged %" PRIu64 ", repeated %" PRIu64 ", dropped %" PRIu64 ", refused %" PRIu64
           ", waiting %" PRIu64 ", connections %" PRIu64 "\n",
           f.queued, f.acknowledged, f.repeated, f.dropped, f.refused, f.waiting, f.connections);
    fflush(stdout);
}

int main(int count, char **words) {
    options o = parse(count, words);
    char error[256];
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    devicekit *kit = devicekit_open(&o.kit, error, sizeof error);
    if (!kit) stop("%s", error);
    double began = seconds(CLOCK_MONOTONIC), told = began;
    uint64_t taken = 0;
    while (!must_end) {
        if (o.status > 0 && seconds(CLOCK_MONOTONIC) >= told + o.status) {
            summary(kit);
            told = seconds(CLOCK_MONOTONIC);
        }
        if (!o.drain) taken = take_due(kit, &o, taken, began);
        bool is_over = o.drain || (o.count > 0 && taken >= o.count);
        if (is_over && devicekit_figures_of(kit).waiting == 0) break;
        double next = is_over ? 0.1 : began + (double)taken / o.rate - seconds(CLOCK_MONOTONIC);
        devicekit_step(kit, next <= 0 ? 1 : next > 0.1 ? 100 : (int)(next * 1000) + 1);
    }
    summary(kit);
    devicekit_close(kit);
    return 0;
}
