package import AppEnablement
import MECModel

/// Weir's own services as the registry shows them: one ServiceInfo for each pair of transport and serializer
/// under the same serName, MEC 011 8.1.2.2.
package struct OwnServices {
    package var apiRoot: String
    /// Where tokens are handed out; `nil` where nobody does.
    package var tokenEndpoint: String?
    package var mqtt: [EndPointInfo.Address]
    package var rpc: [EndPointInfo.Address]
    package var hasRadioNetwork: Bool
    package var hasLocation: Bool
    package var hasBandwidth: Bool

    package init(
        apiRoot: String,
        tokenEndpoint: String?,
        mqtt: [EndPointInfo.Address],
        rpc: [EndPointInfo.Address],
        hasRadioNetwork: Bool,
        hasLocation: Bool,
        hasBandwidth: Bool
    ) {
        self.apiRoot = apiRoot
        self.tokenEndpoint = tokenEndpoint
        self.mqtt = mqtt
        self.rpc = rpc
        self.hasRadioNetwork = hasRadioNetwork
        self.hasLocation = hasLocation
        self.hasBandwidth = hasBandwidth
    }

    private struct Kind {
        var name: String
        var clause: String
        var version: String
        var path: String
        var channels: [TopicChannel]
    }

    package var all: [ServiceInfo] {
        var kinds: [Kind] = []
        if hasRadioNetwork {
            kinds.append(
                Kind(
                    name: "rni",
                    clause: "MEC012",
                    version: "2.2.1",
                    path: "/rni/v2",
                    channels: RniTopics.channels
                )
            )
        }
        if hasLocation {
            kinds.append(
                Kind(
                    name: "location",
                    clause: "MEC013",
                    version: "3.1.1",
                    path: "/location/v3",
                    channels: LocationTopics.channels
                )
            )
        }
        if hasBandwidth {
            for (name, isOwn) in [("bwm", { !$0 }), ("mts", { $0 })] as [(String, (Bool) -> Bool)] {
                kinds.append(
                    Kind(
                        name: name,
                        clause: "MEC015",
                        version: "2.2.1",
                        path: "/\(name)/v1",
                        channels: BandwidthTopics.channels.filter { isOwn($0.name.hasPrefix("mts")) }
                    )
                )
            }
        }
        return kinds.flatMap(offers)
    }

    private func offers(_ kind: Kind) -> [ServiceInfo] {
        var offers = [
            info(
                kind,
                "rest",
                serializer: "JSON",
                transport("REST_HTTP", "HTTP", "1.1", EndPointInfo(uris: [apiRoot + kind.path]))
            )
        ]
        if !mqtt.isEmpty {
            for (encoding, serializer) in [(BodyEncoding.json, "JSON"), (.protobuf, "PROTOBUF3")] {
                var transport = transport("MB_TOPIC_BASED", "MQTT", "5.0", EndPointInfo(addresses: mqtt))
                transport.implSpecificInfo = topics(kind, encoding)
                offers.append(info(kind, "mqtt-\(encoding.rawValue)", serializer: serializer, transport))
            }
        }
        if !rpc.isEmpty {
            let transport = transport("RPC_STREAMING", "gRPC", "1", EndPointInfo(addresses: rpc))
            offers.append(info(kind, "grpc", serializer: "PROTOBUF3", transport))
        }
        return offers
    }

    private func info(_ kind: Kind, _ way: String, serializer: String, _ transport: TransportInfo)
        -> ServiceInfo
    {
        let id = "weir-\(kind.name)-\(way)"
        var transport = transport
        transport.id = id
        return ServiceInfo(
            serInstanceId: id,
            serName: kind.name,
            serCategory: CategoryRef(
                href: "/mec_service_mgmt/v1/services",
                id: kind.clause,
                name: kind.name,
                version: kind.version
            ),
            version: kind.version,
            transportInfo: transport,
            serializer: serializer
        )
    }

    private func transport(
        _ type: String,
        _ name: String,
        _ version: String,
        _ endpoint: EndPointInfo
    ) -> TransportInfo {
        TransportInfo(
            id: "",
            name: name,
            type: type,
            protocol: name,
            version: version,
            endpoint: endpoint,
            security: SecurityInfo(
                oAuth2Info: tokenEndpoint.map {
                    .init(grantTypes: ["OAUTH2_CLIENT_CREDENTIALS"], tokenEndpoint: $0)
                }
            )
        )
    }

    /// MBTransportInfo, MEC 033 6.3.2.
    private func topics(_ kind: Kind, _ encoding: BodyEncoding) -> JSONTree {
        let own = kind.channels.filter { $0.encoding == encoding }
        func filters(_ roles: Set<TopicChannel.Role>) -> JSONTree {
            .array(own.filter { roles.contains($0.role) }.map { .string($0.filter) })
        }
        return [
            "eventTopics": filters([.event]), "uplinkTopics": filters([.request]),
            "downlinkTopics": filters([.state, .snapshot]),
        ]
    }
}
