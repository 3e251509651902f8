import LoadGenerator
import Testing

struct DeliveryCheckTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let mode: DeliveryCheck.Mode
        let sequences: [UInt64]
        let settled: [UInt64]
        let lost: UInt64
        let repeatedOrLate: UInt64
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "in order",
            mode: .every,
            sequences: [0, 1, 2],
            settled: [1, 1, 1],
            lost: 0,
            repeatedOrLate: 0
        ),
        Case(
            name: "one missing",
            mode: .every,
            sequences: [0, 2],
            settled: [1, 2],
            lost: 1,
            repeatedOrLate: 0
        ),
        Case(
            name: "one twice",
            mode: .every,
            sequences: [0, 0, 1],
            settled: [1, 0, 1],
            lost: 0,
            repeatedOrLate: 1
        ),
        Case(
            name: "swapped",
            mode: .every,
            sequences: [1, 0, 2],
            settled: [2, 0, 1],
            lost: 1,
            repeatedOrLate: 1
        ),
        Case(
            name: "some of them",
            mode: .some,
            sequences: [3, 7],
            settled: [1, 1],
            lost: 0,
            repeatedOrLate: 0
        ),
        Case(
            name: "some, going back",
            mode: .some,
            sequences: [7, 3],
            settled: [1, 0],
            lost: 0,
            repeatedOrLate: 1
        ),
        Case(
            name: "any order",
            mode: .anyOrder,
            sequences: [2, 0, 1],
            settled: [1, 1, 1],
            lost: 0,
            repeatedOrLate: 0
        ),
        Case(
            name: "any order, twice",
            mode: .anyOrder,
            sequences: [2, 2],
            settled: [1, 0],
            lost: 0,
            repeatedOrLate: 1
        ),
        Case(
            name: "beyond the last",
            mode: .anyOrder,
            sequences: [10],
            settled: [0],
            lost: 0,
            repeatedOrLate: 1
        ),
    ]

    @Test(arguments: cases)
    func judges(_ testCase: Case) {
        var check = DeliveryCheck(mode: testCase.mode, publishers: 1, subscribers: 2, messagesMax: 10)
        let settled = testCase.sequences.map { check.record(subscriber: 1, publisher: 0, sequence: $0) }
        #expect(settled == testCase.settled)
        #expect(check.verdict.lost == testCase.lost)
        #expect(check.verdict.repeatedOrLate == testCase.repeatedOrLate)
    }

    @Test func `publishers and subscribers do not mix`() {
        var check = DeliveryCheck(mode: .every, publishers: 2, subscribers: 2)
        for subscriber in 0..<2 {
            for publisher in 0..<2 {
                #expect(check.record(subscriber: subscriber, publisher: publisher, sequence: 0) == 1)
            }
        }
        #expect(check.verdict.isClean)
    }
}
