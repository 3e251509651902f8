#include "site_documents.h"

// C23's #embed, which clang has for C17 too: Swift has nothing that embeds a file of another folder.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char topics_app_enablement_yaml[] = {
#embed "../../topics/app-enablement.yaml"
};
static const unsigned char topics_bandwidth_yaml[] = {
#embed "../../topics/bandwidth.yaml"
};
static const unsigned char topics_location_yaml[] = {
#embed "../../topics/location.yaml"
};
static const unsigned char topics_rnis_yaml[] = {
#embed "../../topics/rnis.yaml"
};
static const unsigned char protos_weir_bandwidth_v1_bandwidth_proto[] = {
#embed "../../protos/weir/bandwidth/v1/bandwidth.proto"
};
static const unsigned char protos_weir_bandwidth_v1_service_proto[] = {
#embed "../../protos/weir/bandwidth/v1/service.proto"
};
static const unsigned char protos_weir_bus_v1_event_proto[] = {
#embed "../../protos/weir/bus/v1/event.proto"
};
static const unsigned char protos_weir_bus_v1_event_bus_proto[] = {
#embed "../../protos/weir/bus/v1/event_bus.proto"
};
static const unsigned char protos_weir_location_v1_location_proto[] = {
#embed "../../protos/weir/location/v1/location.proto"
};
static const unsigned char protos_weir_location_v1_service_proto[] = {
#embed "../../protos/weir/location/v1/service.proto"
};
static const unsigned char protos_weir_mec_v1_mec_proto[] = {
#embed "../../protos/weir/mec/v1/mec.proto"
};
static const unsigned char protos_weir_rnis_v1_enums_proto[] = {
#embed "../../protos/weir/rnis/v1/enums.proto"
};
static const unsigned char protos_weir_rnis_v1_notifications_proto[] = {
#embed "../../protos/weir/rnis/v1/notifications.proto"
};
static const unsigned char protos_weir_rnis_v1_service_proto[] = {
#embed "../../protos/weir/rnis/v1/service.proto"
};
static const unsigned char protos_weir_rnis_v1_state_proto[] = {
#embed "../../protos/weir/rnis/v1/state.proto"
};
static const unsigned char protos_weir_telemetry_v1_telemetry_proto[] = {
#embed "../../protos/weir/telemetry/v1/telemetry.proto"
};
static const unsigned char protos_weir_uplink_v1_batch_proto[] = {
#embed "../../protos/weir/uplink/v1/batch.proto"
};

#define DOCUMENT(path, type, bytes) {path, type, bytes, sizeof bytes}

static const struct weir_site_document documents[] = {
    DOCUMENT("/asyncapi/app-enablement.yaml", "application/yaml", topics_app_enablement_yaml),
    DOCUMENT("/asyncapi/bandwidth.yaml", "application/yaml", topics_bandwidth_yaml),
    DOCUMENT("/asyncapi/location.yaml", "application/yaml", topics_location_yaml),
    DOCUMENT("/asyncapi/rnis.yaml", "application/yaml", topics_rnis_yaml),
    DOCUMENT("/protos/weir/bandwidth/v1/bandwidth.proto", "text/plain; charset=utf-8", protos_weir_bandwidth_v1_bandwidth_proto),
    DOCUMENT("/protos/weir/bandwidth/v1/service.proto", "text/plain; charset=utf-8", protos_weir_bandwidth_v1_service_proto),
    DOCUMENT("/protos/weir/bus/v1/event.proto", "text/plain; charset=utf-8", protos_weir_bus_v1_event_proto),
    DOCUMENT("/protos/weir/bus/v1/event_bus.proto", "text/plain; charset=utf-8", protos_weir_bus_v1_event_bus_proto),
    DOCUMENT("/protos/weir/location/v1/location.proto", "text/plain; charset=utf-8", protos_weir_location_v1_location_proto),
    DOCUMENT("/protos/weir/location/v1/service.proto", "text/plain; charset=utf-8", protos_weir_location_v1_service_proto),
    DOCUMENT("/protos/weir/mec/v1/mec.proto", "text/plain; charset=utf-8", protos_weir_mec_v1_mec_proto),
    DOCUMENT("/protos/weir/rnis/v1/enums.proto", "text/plain; charset=utf-8", protos_weir_rnis_v1_enums_proto),
    DOCUMENT("/protos/weir/rnis/v1/notifications.proto", "text/plain; charset=utf-8", protos_weir_rnis_v1_notifications_proto),
    DOCUMENT("/protos/weir/rnis/v1/service.proto", "text/plain; charset=utf-8", protos_weir_rnis_v1_service_proto),
    DOCUMENT("/protos/weir/rnis/v1/state.proto", "text/plain; charset=utf-8", protos_weir_rnis_v1_state_proto),
    DOCUMENT("/protos/weir/telemetry/v1/telemetry.proto", "text/plain; charset=utf-8", protos_weir_telemetry_v1_telemetry_proto),
    DOCUMENT("/protos/weir/uplink/v1/batch.proto", "text/plain; charset=utf-8", protos_weir_uplink_v1_batch_proto),
};

const struct weir_site_document *weir_site_documents(size_t *count) {
    *count = sizeof documents / sizeof documents[0];
    return documents;
}
