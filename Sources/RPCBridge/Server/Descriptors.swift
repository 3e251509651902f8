import Foundation
import SwiftProtobuf

/// The descriptors of all services and messages, as `protoc` wrote them.
///
/// Only what reflection needs is read of them: names and imports.
struct Descriptors: Sendable {
    static let shared = Descriptors([UInt8](PackageResources.services_binpb))

    private struct File {
        var bytes: Data
        var imports: [String] = []
    }

    private var files: [String: File] = [:]
    /// Full name of what a file declares, to the file's name.
    private var symbols: [String: String] = [:]
    private(set) var services: [String] = []

    init(_ bytes: [UInt8]) {
        guard let set = try? Google_Protobuf_FileDescriptorSet(serializedBytes: bytes) else {
            preconditionFailure("the descriptor set in the program is none")
        }
        for file in set.file {
            guard let data: Data = try? file.serializedBytes() else { continue }
            files[file.name] = File(bytes: data, imports: file.dependency)
            let prefix = file.package.isEmpty ? "" : file.package + "."
            for message in file.messageType { declare(message, prefix, file.name) }
            for type in file.enumType { declare(type, prefix, file.name) }
            for service in file.service {
                services.append(prefix + service.name)
                symbols[prefix + service.name] = file.name
                for method in service.method {
                    symbols["\(prefix)\(service.name).\(method.name)"] = file.name
                }
            }
        }
        services.sort()
    }

    private mutating func declare(
        _ message: Google_Protobuf_DescriptorProto,
        _ prefix: String,
        _ file: String
    ) {
        let name = prefix + message.name
        symbols[name] = file
        for field in message.field { symbols["\(name).\(field.name)"] = file }
        for nested in message.nestedType { declare(nested, name + ".", file) }
        for type in message.enumType { declare(type, name + ".", file) }
    }

    private mutating func declare(
        _ type: Google_Protobuf_EnumDescriptorProto,
        _ prefix: String,
        _ file: String
    ) {
        symbols[prefix + type.name] = file
        // The values of an enum are its siblings.
        for value in type.value { symbols[prefix + value.name] = file }
    }

    /// The file that declares a symbol and all it imports, imports first; `nil` for an unknown one.
    func files(declaring symbol: String) -> [Data]? {
        symbols[symbol].flatMap { files(named: $0) }
    }

    func files(named name: String) -> [Data]? {
        guard files[name] != nil else { return nil }
        var done: Set<String> = []
        var all: [Data] = []
        func add(_ name: String) {
            guard done.insert(name).inserted, let file = files[name] else { return }
            for other in file.imports { add(other) }
            all.append(file.bytes)
        }
        add(name)
        return all
    }
}
