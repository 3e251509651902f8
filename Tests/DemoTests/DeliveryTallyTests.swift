import Demo
import Testing

@Suite struct DeliveryTallyTests {
    private enum Step {
        case acknowledged(UInt64)
        case doubted(UInt64)
        case arrived(UInt64)
    }

    private struct Balance: Equatable {
        var arrived: UInt64 = 0
        var lostSoFar: UInt64 = 0
        var missing: UInt64 = 0
        var duplicated: UInt64 = 0
        var outOfOrder: UInt64 = 0
    }

    private func balance(_ steps: [Step]) -> Balance {
        var tally = DeliveryTally()
        for step in steps {
            switch step {
            case .acknowledged(let number): tally.acknowledged("d", number)
            case .doubted(let number): tally.doubted("d", number)
            case .arrived(let number): tally.arrived("d", number)
            }
        }
        return Balance(
            arrived: tally.arrived,
            lostSoFar: tally.lostSoFar,
            missing: tally.missing,
            duplicated: tally.duplicated,
            outOfOrder: tally.outOfOrder
        )
    }

    @Test func `what waits is missing and not lost`() {
        let steps: [Step] = [.acknowledged(1), .acknowledged(2), .acknowledged(3), .arrived(1)]
        #expect(balance(steps) == Balance(arrived: 1, missing: 2))
    }

    @Test func `a hole below what arrived is a loss`() {
        let steps: [Step] = [.acknowledged(3), .arrived(1), .arrived(3)]
        #expect(balance(steps) == Balance(arrived: 2, lostSoFar: 1, missing: 1))
    }

    @Test func `what fills a hole late is out of order and no loss`() {
        let steps: [Step] = [.acknowledged(3), .arrived(1), .arrived(3), .arrived(2)]
        #expect(balance(steps) == Balance(arrived: 3, outOfOrder: 1))
    }

    @Test func `what comes twice is counted, first or last`() {
        let steps: [Step] = [.acknowledged(2), .arrived(1), .arrived(1), .arrived(2), .arrived(1)]
        #expect(balance(steps) == Balance(arrived: 2, duplicated: 2))
    }

    @Test func `what was in doubt may arrive or not`() {
        #expect(
            balance([.acknowledged(1), .doubted(2), .acknowledged(3), .arrived(1), .arrived(3)])
                == Balance(arrived: 2)
        )
        #expect(
            balance([.acknowledged(1), .doubted(2), .acknowledged(3), .arrived(1), .arrived(2), .arrived(3)])
                == Balance(arrived: 3)
        )
        #expect(balance([.acknowledged(1), .doubted(2), .arrived(1)]) == Balance(arrived: 1))
    }

    /// The far side may be read before the device has noted its acknowledgement.
    @Test func `an arrival before its acknowledgement is nothing special`() {
        #expect(balance([.arrived(1), .arrived(2), .acknowledged(2)]) == Balance(arrived: 2))
    }

    @Test func `devices are counted apart`() {
        var tally = DeliveryTally()
        for device in ["a", "b"] {
            tally.acknowledged(device, 2)
            tally.arrived(device, 1)
        }
        tally.arrived("a", 2)
        #expect(tally.missing == 1)
        #expect(tally.arrived == 3)
    }
}
