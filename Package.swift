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
let hot: [SwiftSetting] = strict + [
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
    ],
    targets: [
        // Libraries of the system
        .systemLibrary(
            name: "COpenSSL",
            pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"])]
        ),

        // The bus
        .target(name: "MQTTWire", swiftSettings: hot),
        .target(name: "Bus", dependencies: ["MQTTWire"], swiftSettings: strict),
        .target(name: "CJournal"),
        .target(name: "Journal", dependencies: ["CJournal", "COpenSSL"], swiftSettings: hot),
        .target(name: "Access", dependencies: ["COpenSSL"], swiftSettings: hot),
        .target(name: "EventBus", dependencies: ["MQTTWire", "Access"], swiftSettings: hot),
        .target(name: "Reactor", swiftSettings: hot),
        .target(name: "Gateway", dependencies: ["EventBus", "Reactor"], swiftSettings: hot),

        // The MEC services
        .target(name: "MECModel", swiftSettings: hot),

        // Configuration text to settings
        .target(
            name: "Settings",
            dependencies: [.product(name: "Yams", package: "Yams")],
            swiftSettings: strict
        ),

        // The command
        .executableTarget(
            name: "weir",
            dependencies: [
                "Gateway",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),

        // Tests, one target for each target above
        .testTarget(name: "MQTTWireTests", dependencies: ["MQTTWire"], swiftSettings: strict),
        .testTarget(name: "EventBusTests", dependencies: ["EventBus"], swiftSettings: strict),
        .testTarget(name: "JournalTests", dependencies: ["Journal"], swiftSettings: strict),
        .testTarget(name: "AccessTests", dependencies: ["Access", "COpenSSL"], swiftSettings: strict),
        .testTarget(name: "MECModelTests", dependencies: ["MECModel"], swiftSettings: strict),
        .testTarget(name: "SettingsTests", dependencies: ["Settings"], swiftSettings: strict),
    ]
)
