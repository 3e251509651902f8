import MQTTWire
import Testing

extension PacketSample {
    static let acknowledgements: [PacketSample] = [
        (PacketType.pubAck, UInt8(0x40), ReasonCode.noMatchingSubscribers), (.pubRec, 0x50, .quotaExceeded),
        (.pubRel, 0x62, .packetIdentifierNotFound), (.pubComp, 0x70, .packetIdentifierNotFound),
    ].flatMap { type, first, code in
        [
            PacketSample(
                "\(type)",
                .v3_1,
                from: .client,
                .acknowledgement(.init(type, packetID: 1)),
                [first, 2, 0, 1]
            ),
            PacketSample(
                "\(type) cannot say a reason",
                .v3_1_1,
                from: .client,
                .acknowledgement(.init(type, packetID: 258, reasonCode: code)),
                decoded: .acknowledgement(.init(type, packetID: 258)),
                [first, 2, 1, 2]
            ),
            PacketSample(
                "\(type), success",
                .v5,
                from: .client,
                .acknowledgement(.init(type, packetID: 1)),
                [first, 2, 0, 1]
            ),
            PacketSample(
                "\(type) with a reason",
                .v5,
                from: .client,
                .acknowledgement(.init(type, packetID: 1, reasonCode: code)),
                [first, 3, 0, 1, code.rawValue]
            ),
            PacketSample(
                "\(type) with everything",
                .v5,
                from: .client,
                .acknowledgement(
                    with(.init(type, packetID: 1)) {
                        $0.properties.reasonString = "no"
                        $0.properties.userProperties = [.init("k", "v")]
                    }
                ),
                framed(first, bytes([0, 1], 0, 12, 0x1F, "no", 0x26, "k", "v"))
            ),
        ]
    }

    static let subscriptions: [PacketSample] = [
        PacketSample(
            "SUBSCRIBE",
            .v3_1_1,
            from: .client,
            .subscribe(
                Subscribe(
                    packetID: 10,
                    subscriptions: [
                        Subscription(filter("a/#")), Subscription(filter("+"), maximumQoS: .exactlyOnce),
                    ]
                )
            ),
            framed(0x82, bytes([0, 10], "a/#", 0, "+", 2))
        ),
        PacketSample(
            "SUBSCRIBE with everything",
            .v5,
            from: .client,
            .subscribe(
                with(
                    Subscribe(
                        packetID: 10,
                        subscriptions: [
                            with(Subscription(filter("a"), maximumQoS: .atLeastOnce)) {
                                $0.noLocal = true
                                $0.retainAsPublished = true
                                $0.retainHandling = .doNotSend
                            },
                            with(Subscription(filter("$share/g/a"))) {
                                $0.retainHandling = .sendAtSubscribeIfNew
                            },
                        ]
                    )
                ) {
                    $0.properties.subscriptionIdentifiers = [128]
                    $0.properties.userProperties = [.init("k", "v")]
                }
            ),
            framed(0x82, bytes([0, 10], 10, 0x0B, [0x80, 1], 0x26, "k", "v", "a", 0x2D, "$share/g/a", 0x10))
        ),
        PacketSample(
            "SUBACK",
            .v3_1_1,
            from: .server,
            .subAck(
                SubAck(packetID: 1, reasonCodes: [.grantedQoS0, .grantedQoS1, .grantedQoS2, .notAuthorized])
            ),
            decoded: .subAck(
                SubAck(
                    packetID: 1,
                    reasonCodes: [.grantedQoS0, .grantedQoS1, .grantedQoS2, .unspecifiedError]
                )
            ),
            [0x90, 6, 0, 1, 0, 1, 2, 0x80]
        ),
        PacketSample(
            "SUBACK",
            .v5,
            from: .server,
            .subAck(
                with(SubAck(packetID: 1, reasonCodes: [.grantedQoS2, .sharedSubscriptionsNotSupported])) {
                    $0.properties.reasonString = "x"
                }
            ),
            framed(0x90, bytes([0, 1], 4, 0x1F, "x", 2, 0x9E))
        ),
        PacketSample(
            "UNSUBSCRIBE",
            .v3_1_1,
            from: .client,
            .unsubscribe(Unsubscribe(packetID: 3, filters: [filter("a"), filter("b/+")])),
            framed(0xA2, bytes([0, 3], "a", "b/+"))
        ),
        PacketSample(
            "UNSUBSCRIBE",
            .v5,
            from: .client,
            .unsubscribe(
                with(Unsubscribe(packetID: 3, filters: [filter("$share/g/#")])) {
                    $0.properties.userProperties = [.init("k", "v")]
                }
            ),
            framed(0xA2, bytes([0, 3], 7, 0x26, "k", "v", "$share/g/#"))
        ),
        PacketSample(
            "UNSUBACK has no reasons",
            .v3_1_1,
            from: .server,
            .unsubAck(UnsubAck(packetID: 3, reasonCodes: [.success])),
            decoded: .unsubAck(UnsubAck(packetID: 3, reasonCodes: [])),
            [0xB0, 2, 0, 3]
        ),
        PacketSample(
            "UNSUBACK",
            .v5,
            from: .server,
            .unsubAck(UnsubAck(packetID: 3, reasonCodes: [.success, .noSubscriptionExisted])),
            [0xB0, 5, 0, 3, 0, 0, 0x11]
        ),
    ]

    static let endings: [PacketSample] = [
        PacketSample("PINGREQ", .v3_1_1, from: .client, .pingReq, [0xC0, 0]),
        PacketSample("PINGRESP", .v5, from: .server, .pingResp, [0xD0, 0]),
        PacketSample("DISCONNECT", .v3_1_1, from: .client, .disconnect(Disconnect()), [0xE0, 0]),
        PacketSample("DISCONNECT, normal", .v5, from: .client, .disconnect(Disconnect()), [0xE0, 0]),
        PacketSample(
            "DISCONNECT with a reason",
            .v5,
            from: .server,
            .disconnect(Disconnect(reasonCode: .sessionTakenOver)),
            [0xE0, 1, 0x8E]
        ),
        PacketSample(
            "DISCONNECT of a client with everything",
            .v5,
            from: .client,
            .disconnect(
                with(Disconnect(reasonCode: .disconnectWithWillMessage)) {
                    $0.properties.sessionExpiryInterval = 1
                    $0.properties.reasonString = "x"
                    $0.properties.userProperties = [.init("k", "v")]
                }
            ),
            framed(0xE0, bytes(4, 16, 0x11, [0, 0, 0, 1], 0x1F, "x", 0x26, "k", "v"))
        ),
        PacketSample(
            "DISCONNECT of a server with a reference",
            .v5,
            from: .server,
            .disconnect(
                with(Disconnect(reasonCode: .useAnotherServer)) { $0.properties.serverReference = "s:1" }
            ),
            framed(0xE0, bytes(0x9C, 6, 0x1C, "s:1"))
        ),
        PacketSample("AUTH, success", .v5, from: .server, .auth(Auth(reasonCode: .success)), [0xF0, 0]),
        PacketSample(
            "AUTH with everything",
            .v5,
            from: .client,
            .auth(
                with(Auth(reasonCode: .continueAuthentication, method: "m", data: [1])) {
                    $0.properties.reasonString = "x"
                    $0.properties.userProperties = [.init("k", "v")]
                }
            ),
            framed(0xF0, bytes(0x18, 19, 0x15, "m", 0x16, [0, 1, 1], 0x1F, "x", 0x26, "k", "v"))
        ),
    ]
}
