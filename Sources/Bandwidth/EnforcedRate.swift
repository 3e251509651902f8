package import MECModel

/// A rate that whoever moves the bytes has to keep.
package struct EnforcedRate: Sendable, Hashable {
    /// Whose bytes.
    package enum Subject: Sendable, Hashable {
        /// An application instance: on the bus the client of that identifier or user name.
        case application(String)
        /// Whoever is at this address.
        case address(IPAddress)
    }

    package var subject: Subject
    /// Bits per second that the subject may send: an application towards terminals, an address as source.
    package var sending: UInt64?
    /// Bits per second that the subject may be sent.
    package var receiving: UInt64?

    package init(subject: Subject, sending: UInt64? = nil, receiving: UInt64? = nil) {
        self.subject = subject
        self.sending = sending
        self.receiving = receiving
    }
}

extension Collection<BwInfo> {
    /// What allocations come to for each subject: several for the same one add up.
    package var enforcedRates: [EnforcedRate] {
        var rates: [EnforcedRate.Subject: EnforcedRate] = [:]
        func add(_ subject: EnforcedRate.Subject, _ bits: UInt64, sends: Bool, receives: Bool) {
            var rate = rates[subject] ?? EnforcedRate(subject: subject)
            func sum(_ old: UInt64?) -> UInt64 { (old ?? 0).addingReportingOverflow(bits).partialValue }
            if sends { rate.sending = sum(rate.sending) }
            if receives { rate.receiving = sum(rate.receiving) }
            rates[subject] = rate
        }
        for info in self {
            guard let bits = info.bitsPerSecond else { continue }
            switch info.requestType {
            case .applicationSpecific:
                add(
                    .application(info.appInsId),
                    bits,
                    sends: info.allocationDirection.usesDownlink,
                    receives: info.allocationDirection.usesUplink
                )
            case .sessionSpecific:
                let both = info.allocationDirection == .symmetrical
                for filter in info.sessionFilter ?? [] {
                    if let source = filter.sourceIp.flatMap(IPAddress.init) {
                        add(.address(source), bits, sends: true, receives: both)
                    }
                    if let destination = filter.dstAddress.flatMap(IPAddress.init) {
                        add(.address(destination), bits, sends: both, receives: true)
                    }
                }
            }
        }
        return rates.values.sorted { "\($0.subject)" < "\($1.subject)" }
    }
}
