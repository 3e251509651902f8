import Bus
import FoundationEssentials
import LocalBus
import Logging
import MECModel
import Uplink

/// What the bus tells the uplink.
extension ServerUplink {
    /// What is said on ``limitTopic``; members that are left out stay as they were.
    private struct Limit: Decodable {
        var bytesPerSecond: UInt64?
        var metered: Bool?
        var rsrp: Int?
    }

    static func followLimits(_ bus: LocalBus, _ driver: UplinkDriver, _ logger: Logger) async {
        var request = BusSubscribeRequest(filters: [limitTopic])
        request.start = .retained
        guard let subscription = try? await bus.subscribe(request) else { return }
        await withTaskCancellationHandler {
            while let batch = await subscription.next(limit: 100) {
                for event in batch.events {
                    // An empty payload takes the retained message, and every limit, away.
                    guard !event.payload.isEmpty else {
                        driver.setRate(nil)
                        driver.setMetered(false)
                        driver.setRadio(nil)
                        continue
                    }
                    do {
                        let limit = try JSONDecoder().decode(Limit.self, from: Data(event.payload))
                        if let rate = limit.bytesPerSecond { driver.setRate(rate) }
                        if let metered = limit.metered { driver.setMetered(metered) }
                        if let power = limit.rsrp { driver.setRadio(power) }
                    } catch {
                        logger.warning(
                            "uplink limit not understood",
                            metadata: ["mqtt.topic": "\(limitTopic)", "error.message": "\(error)"]
                        )
                    }
                }
            }
        } onCancel: {
            subscription.cancel()
        }
    }

    /// Takes the measurement reports of the site's own modem, as the radio network information service publishes them.
    ///
    /// - Parameter terminal: the last level of its topics.
    static func followRadio(of terminal: String, _ bus: LocalBus, _ driver: UplinkDriver, _ logger: Logger)
        async
    {
        let request = BusSubscribeRequest(
            filters: [RniEvent.measRepUe, .nrMeasRepUe].map { $0.protobufPrefix + "+/+/" + terminal }
        )
        guard let subscription = try? await bus.subscribe(request) else { return }
        await withTaskCancellationHandler {
            while let batch = await subscription.next(limit: 100) {
                guard let event = batch.events.last, let power = receivedPower(event) else { continue }
                driver.setRadio(power)
            }
        } onCancel: {
            subscription.cancel()
        }
    }

    /// RSRP of the serving cell, dBm.
    private static func receivedPower(_ event: BusEvent) -> Int? {
        let isNR = event.topic.hasPrefix(RniEvent.nrMeasRepUe.protobufPrefix)
        let serving =
            isNR
            ? (try? Weir_Rnis_V1_NrMeasRepUeNotification(serializedBytes: event.payload))?.servCellMeasInfo
                .first?
                .serving
            : (try? Weir_Rnis_V1_MeasRepUeNotification(serializedBytes: event.payload))?.serving
        guard let serving else { return nil }
        if serving.hasRsrpDbm, serving.rsrpDbm.isFinite { return Int(serving.rsrpDbm.rounded()) }
        // The lower bound of the reported step, TS 36.133 9.1.4 and TS 38.133 10.1.6.
        return serving.hasRsrp ? Int(serving.rsrp) - (isNR ? 157 : 141) : nil
    }
}
