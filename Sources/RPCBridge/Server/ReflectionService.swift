import Foundation
import GRPCCore

/// `grpc.reflection.v1.ServerReflection`, and the same under its older name `v1alpha`, which many tools still ask for.
struct ReflectionService: Sendable {
    private typealias Request = Grpc_Reflection_V1_ServerReflectionRequest
    private typealias Response = Grpc_Reflection_V1_ServerReflectionResponse

    /// Answers that one call may ask for.
    private static let requestsMaximum = 10_000
    /// Services that are registered, by full name.
    let services: [String]

    func register(with router: inout RPCRouter<RPCTransport>) {
        for version in ["v1", "v1alpha"] {
            router.registerHandler(
                forMethod: MethodDescriptor(
                    fullyQualifiedService: "grpc.reflection.\(version).ServerReflection",
                    method: "ServerReflectionInfo"
                ),
                deserializer: ProtobufDeserializer<Request>(),
                serializer: ProtobufSerializer<Response>()
            ) { request, _ in
                StreamingServerResponse { writer in
                    var count = 0
                    for try await message in request.messages {
                        count += 1
                        guard count <= Self.requestsMaximum else {
                            throw CallRefusal(.resourceExhausted, .overQuota, "too many requests in one call")
                        }
                        try await writer.write(answer(message))
                    }
                    return [:]
                }
            }
        }
    }

    private func answer(_ request: Request) -> Response {
        var response = Response()
        response.validHost = request.host
        response.originalRequest = request
        switch request.messageRequest {
        case .listServices:
            response.listServicesResponse = .with {
                $0.service = services.map { name in .with { $0.name = name } }
            }
        case .fileByFilename(let name):
            fill(&response, Descriptors.shared.files(named: name), "file \"\(name)\"")
        case .fileContainingSymbol(let symbol):
            fill(&response, Descriptors.shared.files(declaring: symbol), "symbol \"\(symbol)\"")
        case .allExtensionNumbersOfType(let type):
            // Weir's files declare no extensions.
            if Descriptors.shared.files(declaring: type) == nil {
                fill(&response, nil, "type \"\(type)\"")
            } else {
                response.allExtensionNumbersResponse = .with { $0.baseTypeName = type }
            }
        case .fileContainingExtension(let wanted):
            fill(&response, nil, "extension \(wanted.extensionNumber) of \"\(wanted.containingType)\"")
        case nil:
            response.errorResponse = .with {
                $0.errorCode = Int32(RPCError.Code.invalidArgument.rawValue)
                $0.errorMessage = "an empty request"
            }
        }
        return response
    }

    private func fill(_ response: inout Response, _ files: [Data]?, _ what: String) {
        if let files {
            response.fileDescriptorResponse = .with { $0.fileDescriptorProto = files }
        } else {
            response.errorResponse = .with {
                $0.errorCode = Int32(RPCError.Code.notFound.rawValue)
                $0.errorMessage = "\(what) is not known here"
            }
        }
    }
}
