import Gateway
import HTTPGateway

/// What `/healthz` and `/readyz` say.
struct ServerHealth: HealthSource {
    /// A shard turns thousands of times a second; one that is silent for so long hangs.
    static let patience = Duration.seconds(1)

    let life: ServerLife
    let gateway: Gateway
    let storage: ServerStorage

    func health() async -> [HealthCheck] {
        let phase = life.now.phase
        var checks = [
            HealthCheck(
                "server",
                .readiness,
                phase == .ready ? .pass : .fail,
                detail: phase == .ready ? "" : "the server is \(phase.rawValue)"
            )
        ]
        // While draining, shards end one by one; that is not a fault.
        if phase != .draining {
            let answers = await gateway.answers(within: Self.patience)
            checks.append(
                HealthCheck(
                    "shards",
                    .liveness,
                    answers ? .pass : .fail,
                    detail: answers ? "" : "a shard did not answer within \(Self.patience)"
                )
            )
        }
        return checks + storage.health()
    }
}
