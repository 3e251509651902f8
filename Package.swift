// swift-tools-version: 6.2
import PackageDescription

// One target, one sentence: ARCHITECTURE.md has the table. Arrows run downwards only.

/// Language features that every target of ours is built with.
/// - `ExistentialAny`: SE-0335, existentials show in review.
/// - `InternalImportsByDefault`: SE-0409, leaked dependencies show in review.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// The message path crosses these modules, so the optimiser must see across their borders.
let hot: [SwiftSetting] =
    strict + [
        .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))
    ]

let package = Package(
    name: "weir",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "weir", targets: ["weir"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
        .package(url: "https://github.com/grpc/grpc-swift-2", exact: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", exact: "2.9.2"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0", traits: []),
    ],
    targets: [
        // Libraries of the system
        .systemLibrary(
            name: "COpenSSL",
            pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"])]
        ),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(
            name: "CMosquitto",
            pkgConfig: "libmosquitto",
            providers: [.apt(["libmosquitto-dev"])]
        ),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),

        // The bus
        .target(name: "MQTTWire", swiftSettings: hot),
        .target(name: "Bus", dependencies: ["MQTTWire"], swiftSettings: strict),
        .target(name: "CJournal"),
        .target(name: "Journal", dependencies: ["CJournal", "COpenSSL"], swiftSettings: hot),
        .target(name: "JournalTesting", dependencies: ["Journal"], swiftSettings: strict),
        .target(name: "Access", dependencies: ["COpenSSL"], swiftSettings: hot),
        .target(name: "EventBus", dependencies: ["MQTTWire", "Access"], swiftSettings: hot),
        .target(
            name: "LocalBus",
            dependencies: ["Access", "Bus", "EventBus", "MQTTWire", "Streams"],
            swiftSettings: strict
        ),
        .target(name: "Streams", dependencies: ["EventBus", "Journal", "MQTTWire"], swiftSettings: hot),
        .target(
            name: "BusStorage",
            dependencies: ["EventBus", "Journal", "MQTTWire"],
            swiftSettings: hot
        ),
        .target(name: "Reactor", dependencies: ["CLinux"], swiftSettings: hot),
        .target(
            name: "Gateway",
            dependencies: ["Access", "COpenSSL", "EventBus", "Reactor"],
            swiftSettings: hot
        ),

        // The MEC services
        .target(
            name: "MECModel",
            dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
            swiftSettings: hot
        ),
        .target(
            name: "MECRuntime",
            dependencies: ["Bus", "MECModel", "MQTTWire", .product(name: "Logging", package: "swift-log")],
            swiftSettings: hot
        ),
        .target(
            name: "Location",
            dependencies: [
                "Bus", "MECModel", "MECRuntime", "MQTTWire", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: hot
        ),
        .target(
            name: "TrafficControl",
            dependencies: ["CLinux", "MECModel", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict
        ),
        .target(
            name: "Bandwidth",
            dependencies: [
                "Bus", "MECModel", "MECRuntime", "TrafficControl",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "RadioNetwork",
            dependencies: ["Bus", "MECModel", "MECRuntime", "MQTTWire"],
            swiftSettings: hot
        ),
        .target(
            name: "RadioFeed",
            dependencies: ["MECModel", .product(name: "Yams", package: "Yams")],
            // A link to examples/monaco, so that the one binary carries its default scenario.
            resources: [.embedInCode("Scenario/monaco.yaml")],
            swiftSettings: hot
        ),

        .target(
            name: "MECServices",
            dependencies: [
                "Bandwidth", "Bus", "Location", "MECModel", "MECRuntime", "RadioFeed", "RadioNetwork",
                "TrafficControl",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),

        // The way to the cloud
        .target(
            name: "Uplink",
            dependencies: ["CLinux", "CZstd", "Journal", "Reactor", "Streams"],
            swiftSettings: hot
        ),
        .target(
            name: "MosquittoSink",
            dependencies: ["CLinux", "CMosquitto", "MQTTWire", "Reactor", "Uplink"],
            swiftSettings: hot
        ),
        .target(
            name: "Collector",
            dependencies: ["CLinux", "CPostgreSQL", "CSQLite", "MosquittoSink", "Reactor", "Uplink"],
            swiftSettings: hot
        ),

        // The machine around the server
        .target(
            name: "Supervision",
            dependencies: [.product(name: "Logging", package: "swift-log")],
            swiftSettings: strict
        ),
        .target(name: "Telemetry", swiftSettings: strict),
        .target(
            name: "HTTPGateway",
            dependencies: [
                "Telemetry",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),

        // The bus over gRPC
        .target(
            name: "RPCBridge",
            dependencies: [
                "Access",
                "Bandwidth",
                "Bus",
                "CertificateNames",
                "EventBus",
                "Journal",
                "LocalBus",
                "Location",
                "MECModel",
                "MECRuntime",
                "MQTTWire",
                "RadioNetwork",
                "Streams",
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCertificateReloading", package: "swift-nio-extras"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            resources: [.embedInCode("Descriptors/services.binpb")],
            swiftSettings: hot
        ),

        .target(name: "CSiteDocuments"),
        .target(
            name: "CertificateNames",
            dependencies: [
                "Access",
                .product(name: "X509", package: "swift-certificates"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "AppEnablement",
            dependencies: [
                "Bus", "MECModel", "MECRuntime", "MQTTWire", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "RESTGateway",
            dependencies: [
                "Access",
                "AppEnablement",
                "Bandwidth",
                "Bus",
                "CLinux",
                "CSiteDocuments",
                "CertificateNames",
                "HTTPGateway",
                "Location",
                "MECModel",
                "MECRuntime",
                "MQTTWire",
                "RadioNetwork",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),

        // Configuration text to settings
        .target(
            name: "Settings",
            dependencies: [
                "Access",
                "Bandwidth",
                "BusStorage",
                "EventBus",
                "Gateway",
                "HTTPGateway",
                "Journal",
                "Location",
                "MECModel",
                "MECServices",
                "MQTTWire",
                "RPCBridge",
                "RadioFeed",
                "RadioNetwork",
                "RESTGateway",
                "Streams",
                "Supervision",
                "Uplink",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict
        ),

        // Tools
        .target(name: "ClientKit", dependencies: ["MQTTWire", "Access", "COpenSSL"], swiftSettings: strict),
        .target(name: "Monitor", swiftSettings: strict),
        .target(
            name: "Demo",
            dependencies: [
                "CLinux", "ClientKit", "Collector", "MECModel", "MQTTWire", "RadioFeed", "Reactor",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: strict
        ),
        .systemLibrary(name: "CLoadGenerator"),
        .target(name: "LoadGenerator", dependencies: ["CLoadGenerator", "COpenSSL"], swiftSettings: hot),

        // The command
        .executableTarget(
            name: "weir",
            dependencies: [
                "Access",
                "Bandwidth",
                "Bus",
                "BusStorage",
                "Collector",
                "Demo",
                "EventBus",
                "Gateway",
                "Journal",
                "AppEnablement",
                "ClientKit",
                "LoadGenerator",
                "LocalBus",
                "MECServices",
                "MQTTWire",
                "Monitor",
                "MosquittoSink",
                "Reactor",
                "RPCBridge",
                "HTTPGateway",
                "Location",
                "MECModel",
                "RESTGateway",
                "RadioFeed",
                "RadioNetwork",
                "Settings",
                "Streams",
                "Supervision",
                "Telemetry",
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                "Uplink",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict
        ),

        // An example that is built and run with the tests
        .executableTarget(
            name: "swift-edge-app",
            dependencies: [
                "MECModel",
                "RPCBridge",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
            ],
            path: "examples/swift-edge-app",
            exclude: ["README.md"],
            swiftSettings: strict
        ),

        // Tests, one target for each target above
        .testTarget(name: "MQTTWireTests", dependencies: ["MQTTWire"], swiftSettings: strict),
        .testTarget(
            name: "BusStorageTests",
            dependencies: ["BusStorage", "JournalTesting"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "StreamsTests",
            dependencies: ["EventBus", "Journal", "JournalTesting", "Streams"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "RPCBridgeTests",
            dependencies: [
                "MECModel", "MQTTWire", "RPCBridge",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "EventBusTests", dependencies: ["EventBus"], swiftSettings: strict),
        .testTarget(
            name: "JournalTests",
            dependencies: ["Journal", "JournalTesting"],
            swiftSettings: strict
        ),
        .target(
            name: "SocketTesting",
            dependencies: ["Reactor"],
            path: "Tests/SocketTesting",
            swiftSettings: strict
        ),
        .testTarget(name: "ReactorTests", dependencies: ["Reactor", "SocketTesting"], swiftSettings: strict),
        .testTarget(
            name: "GatewayTests",
            dependencies: ["Access", "COpenSSL", "EventBus", "Gateway", "Reactor", "SocketTesting"],
            swiftSettings: strict
        ),
        .testTarget(name: "AccessTests", dependencies: ["Access", "COpenSSL"], swiftSettings: strict),
        .testTarget(name: "MECModelTests", dependencies: ["MECModel"], swiftSettings: strict),
        .testTarget(name: "SettingsTests", dependencies: ["Settings"], swiftSettings: strict),
        .target(name: "BrokerTesting", path: "Tests/BrokerTesting", swiftSettings: strict),
        .testTarget(
            name: "ClientKitTests",
            dependencies: ["ClientKit", "MQTTWire", "Access", "BrokerTesting"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "LoadGeneratorTests",
            dependencies: ["LoadGenerator", "BrokerTesting"],
            swiftSettings: strict
        ),
        .testTarget(name: "MonitorTests", dependencies: ["Monitor", "Telemetry"], swiftSettings: strict),
        .testTarget(name: "SupervisionTests", dependencies: ["Supervision"], swiftSettings: strict),
        .testTarget(name: "TelemetryTests", dependencies: ["Telemetry"], swiftSettings: strict),
        .testTarget(
            name: "HTTPGatewayTests",
            dependencies: ["HTTPGateway", "Telemetry"],
            swiftSettings: strict
        ),
        .target(
            name: "MECTestSupport",
            dependencies: ["Bus", "MECModel"],
            path: "Tests/MECTestSupport",
            swiftSettings: strict
        ),
        .testTarget(
            name: "RadioNetworkTests",
            dependencies: ["MECTestSupport", "RadioNetwork"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "RESTGatewayTests",
            dependencies: [
                "AppEnablement",
                "HTTPGateway",
                "MECModel",
                "MECTestSupport",
                "RESTGateway",
                "RadioNetwork",
                "Telemetry",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "AppEnablementTests",
            dependencies: [
                "AppEnablement", "MECTestSupport", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "LocationTests",
            dependencies: ["Location", "MECTestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MECConformanceTests",
            dependencies: ["Bandwidth", "Location", "MECTestSupport", "RadioNetwork"],
            exclude: ["validate_bodies.py"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MECRuntimeTests",
            dependencies: ["MECModel", "MECRuntime", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TrafficControlTests",
            dependencies: ["MECModel", "TrafficControl", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict
        ),
        .testTarget(
            name: "BandwidthTests",
            dependencies: ["Bandwidth", "MECModel", "MECTestSupport", "TrafficControl"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "LocalBusTests",
            dependencies: ["Access", "Bus", "EventBus", "LocalBus", "MQTTWire"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "UplinkTests",
            dependencies: ["EventBus", "Journal", "JournalTesting", "MQTTWire", "Streams", "Uplink"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CollectorTests",
            dependencies: ["Collector", "JournalTesting", "Uplink"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "DemoTests",
            dependencies: ["Demo", "Reactor", "SocketTesting"],
            swiftSettings: strict
        ),
        .testTarget(name: "RadioFeedTests", dependencies: ["RadioFeed", "MECModel"], swiftSettings: strict),
    ]
)
