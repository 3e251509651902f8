import Foundation
import MECModel
import RadioFeed
import Testing

@Suite struct DriveTestTests {
    static let header =
        "Timestamp,Longitude,Latitude,Speed,Operatorname,CellID,NetworkMode,RSRP,RSRQ,SNR,CQI,RSSI,DL_bitrate,UL_bitrate,State,PINGAVG,CELLHEX,NODEHEX,LACHEX,RAWCELLID,NRxRSRP,NRxRSRQ\n"

    /// Made up: from one cell to the next, then without network, then on HSPA+, then 5G.
    static let drive =
        header + """
            2024.03.01_10.00.00,7.4200,43.7300,36,A,2,LTE,-95,-12,5.0,8,-70,12000,800,D,-,2,a03,1f,656130,-101,-16
            2024.03.01_10.00.01,7.4201,43.7301,36,A,2,LTE,-97,-13,3.0,7,-71,11000,700,D,-,2,a03,1f,656130,-99,-15
            2024.03.01_10.00.02,7.4202,43.7302,36,A,1,LTE,-90,-10,9.5,10,-68,15000,900,D,-,1,a04,1f,656385,-,-
            2024.03.01_10.00.03,7.4203,43.7303,0,A,3,LTE,-88,-9,11,11,-66,-,-,I,-,3,a04,1f,656387,-,-
            2024.03.01_10.00.04,-,-,-,A,-,LTE,-,-,-,-,-,-,-,I,-,-,-,-,-,-,-
            2024.03.01_10.00.06,7.4204,43.7304,18,A,77,HSPA+,-99,-,-,-,-80,500,100,D,-,4d,12,1f,1179725,-,-
            2024.03.01_10.00.08,7.4205,43.7305,18,A,1,5G,-85,-11,20,-,-,250000,30000,D,-,1,a05,1f,68719476735,-,-

            """

    private func settings(_ change: (inout ReplaySettings) -> Void = { _ in }) throws -> ReplaySettings {
        var settings = ReplaySettings(plmn: try #require(Plmn("20801")))
        change(&settings)
        return settings
    }

    private func replay(
        _ text: String,
        _ settings: ReplaySettings,
        to seconds: Double = 100,
        slice: Double = 0.25
    ) throws -> Replayed {
        var replayed = try Replayed()
        var source = try DriveTestReplay(
            MemoryBytes(text),
            file: "folder/drive 1.csv",
            settings: settings,
            start: Replayed.start,
            inventory: replayed.inventory
        )
        replayed.run(&source, to: seconds, slice: slice)
        return replayed
    }

    @Test func `a drive becomes places, measurements, rates and cell changes, each at its time`() throws {
        let replayed = try replay(Self.drive, settings())
        #expect(replayed.warned.isEmpty)
        #expect(
            replayed.facts == [
                "0.0 position drive-1 43.73 7.42 10.0 -1.0",
                "0.0 attached drive-1 2080100a0302",
                "0.0 measurement drive-1 2080100a0302 -95.0/-12.0/5.0(46/16/57) 1 [] []",
                "0.0 rate drive-1 12000000 800000",
                "1.0 position drive-1 43.7301 7.4201 10.0 -1.0",
                "1.0 measurement drive-1 2080100a0302 -97.0/-13.0/3.0(44/14/53) 1 [] []",
                "1.0 rate drive-1 11000000 700000",
                "2.0 position drive-1 43.7302 7.4202 10.0 -1.0",
                // Connected (State D): the network handed it over.
                "2.0 handover drive-1 2080100a0302 2080100a0401 completed []",
                "2.0 measurement drive-1 2080100a0401 -90.0/-10.0/9.5(51/20/66) 1 [] []",
                "2.0 rate drive-1 15000000 900000",
                "3.0 position drive-1 43.7303 7.4203 0.0 -1.0",
                // Idle (State I): it reselected.
                "3.0 attached drive-1 2080100a0403",
                "3.0 measurement drive-1 2080100a0403 -88.0/-9.0/11.0(53/22/69) 1 [] []",
                "6.0 position drive-1 43.7304 7.4204 5.0 -1.0",
                "6.0 detached drive-1",
                "8.0 position drive-1 43.7305 7.4205 5.0 -1.0",
                "8.0 attached drive-1 20801fffffffff",
                "8.0 measurement drive-1 20801fffffffff -85.0/-11.0/20.0(72/65/87) 1 [] []",
                "8.0 rate drive-1 250000000 30000000",
            ]
        )
        let definitions = replayed.lines.filter { $0.contains(" defined ") }
        #expect(definitions.count == 1 + 4)
    }

    @Test func `twice the speed is half the time, and slicing changes nothing`() throws {
        let fast = try replay(Self.drive, settings { $0.speed = 2 })
        #expect(fast.facts.last?.hasPrefix("4.0 ") == true)
        let whole = try replay(Self.drive, settings(), slice: 100)
        let cut = try replay(Self.drive, settings(), slice: 0.1)
        #expect(whole.lines == cut.lines)
    }

    @Test func `a long pause is cut`() throws {
        let text =
            Self.header + """
                2024.03.01_10.00.00,7.42,43.73,0,A,2,LTE,-95,-12,5,8,-70,1,1,D,-,2,a03,1f,656130,-,-
                2024.03.02_10.00.00,7.42,43.73,0,A,2,LTE,-96,-12,5,8,-70,1,1,D,-,2,a03,1f,656130,-,-
                """
        let replayed = try replay(text, settings { $0.gapMaxSeconds = 7 })
        #expect(replayed.facts.last?.hasPrefix("7.0 rate") == true)
    }

    @Test func `a loop goes on a second later, and nobody is handed over from the end to the start`() throws {
        var replayed = try Replayed()
        var source = try DriveTestReplay(
            MemoryBytes(Self.drive),
            file: "d.csv",
            settings: settings { $0.loop = true },
            start: Replayed.start,
            inventory: replayed.inventory
        )
        replayed.run(&source, to: 30)
        #expect(source.nextTime != nil)
        let attached = replayed.facts.filter { $0.contains("attached d 2080100a0302") }
        #expect(attached.map { $0.prefix { $0 != " " } } == ["0.0", "9.0", "18.0", "27.0"])
        #expect(replayed.warned.isEmpty)
    }

    @Test func `without loop it ends`() throws {
        var replayed = try Replayed()
        var source = try DriveTestReplay(
            MemoryBytes(Self.drive),
            file: "d.csv",
            settings: settings(),
            start: Replayed.start,
            inventory: replayed.inventory
        )
        #expect(source.nextTime == Replayed.start)
        replayed.run(&source, to: 30)
        #expect(source.nextTime == nil)
        source.retire(at: Replayed.start.advanced(bySeconds: 31), into: &replayed.batch)
        #expect(replayed.facts.contains { $0.contains("terminalRemoved d") })
    }

    @Test func `columns may have other names, and the cell may be in two of them`() throws {
        let text = """
            when,lon,lat,mode,power,CELLHEX,NODEHEX,RAWCELLID
            2024.03.01_10.00.00,7.42,43.73,LTE,-95,02,a03,-
            """
        let replayed = try replay(
            text,
            settings {
                $0.columns = [
                    "timestamp": "WHEN", "longitude": "lon", "latitude": "lat", "networkMode": "mode",
                    "rsrp": "power",
                ]
            }
        )
        #expect(replayed.warned.isEmpty)
        #expect(replayed.facts.contains { $0.hasPrefix("0.0 measurement drive-1 2080100a0302 -95.0/-/-") })
    }

    struct Nonsense: CustomTestStringConvertible, Sendable {
        let name: String
        let row: String
        let reason: FeedWarning.Reason
        /// The row's other fields are still used.
        let keepsRow: Bool
        var testDescription: String { name }
    }

    static let nonsense: [Nonsense] = [
        Nonsense(
            name: "no time",
            row: "-,7.42,43.73,0,A,2,LTE,-95,-12,5,8,-70,1,1,D,-,2,a03,1f,656130,-,-",
            reason: .missingField,
            keepsRow: false
        ),
        Nonsense(
            name: "a time that is none",
            row: "yesterday,7.42,43.73,0,A,2,LTE,-95,-12,5,8,-70,1,1,D,-,2,a03,1f,656130,-,-",
            reason: .malformed,
            keepsRow: false
        ),
        Nonsense(
            name: "the 13th month",
            row: "2024.13.01_10.00.05,7.42,43.73,0,A,2,LTE,-95,-12,5,8,-70,1,1,D,-,2,a03,1f,656130,-,-",
            reason: .malformed,
            keepsRow: false
        ),
        Nonsense(
            name: "time going back",
            row: "2024.02.01_10.00.05,7.42,43.73,0,A,2,LTE,-95,-12,5,8,-70,1,1,D,-,2,a03,1f,656130,-,-",
            reason: .timeBackwards,
            keepsRow: false
        ),
        Nonsense(
            name: "off the globe",
            row: "2024.03.01_10.00.05,7.42,143.73,0,A,2,LTE,-95,-12,5,8,-70,1,1,D,-,2,a03,1f,656130,-,-",
            reason: .positionOffGlobe,
            keepsRow: true
        ),
        Nonsense(
            name: "longitude NaN",
            row: "2024.03.01_10.00.05,nan,43.73,0,A,2,LTE,-95,-12,5,8,-70,1,1,D,-,2,a03,1f,656130,-,-",
            reason: .positionOffGlobe,
            keepsRow: true
        ),
        Nonsense(
            name: "29 bits of cell",
            row: "2024.03.01_10.00.05,7.42,43.73,0,A,2,LTE,-95,-12,5,8,-70,1,1,D,-,2,a03,1f,268435456,-,-",
            reason: .cellOutOfRange,
            keepsRow: true
        ),
        Nonsense(
            name: "Android's unknown cell",
            row: "2024.03.01_10.00.05,7.42,43.73,0,A,2,LTE,-95,-12,5,8,-70,1,1,D,-,2,a03,1f,2147483647,-,-",
            reason: .cellOutOfRange,
            keepsRow: true
        ),
        Nonsense(
            name: "a negative cell",
            row: "2024.03.01_10.00.05,7.42,43.73,0,A,2,LTE,-95,-12,5,8,-70,1,1,D,-,2,a03,1f,-1,-,-",
            reason: .cellOutOfRange,
            keepsRow: true
        ),
        Nonsense(
            name: "a cell of 80 digits",
            row:
                "2024.03.01_10.00.05,7.42,43.73,0,A,2,LTE,-95,-12,5,8,-70,1,1,D,-,2,a03,1f,\(String(repeating: "9", count: 80)),-,-",
            reason: .cellOutOfRange,
            keepsRow: true
        ),
        Nonsense(
            name: "RSRP positive",
            row: "2024.03.01_10.00.05,7.42,43.73,0,A,2,LTE,95,-12,5,8,-70,1,1,D,-,2,a03,1f,656130,-,-",
            reason: .valueOutOfRange,
            keepsRow: true
        ),
        Nonsense(
            name: "RSRP NaN",
            row: "2024.03.01_10.00.05,7.42,43.73,0,A,2,LTE,NaN,-12,5,8,-70,1,1,D,-,2,a03,1f,656130,-,-",
            reason: .valueOutOfRange,
            keepsRow: true
        ),
        Nonsense(
            name: "SNR infinite",
            row: "2024.03.01_10.00.05,7.42,43.73,0,A,2,LTE,-95,-12,inf,8,-70,1,1,D,-,2,a03,1f,656130,-,-",
            reason: .valueOutOfRange,
            keepsRow: true
        ),
        Nonsense(
            name: "a bit rate beyond reason",
            row: "2024.03.01_10.00.05,7.42,43.73,0,A,2,LTE,-95,-12,5,8,-70,1e300,1,D,-,2,a03,1f,656130,-,-",
            reason: .valueOutOfRange,
            keepsRow: true
        ),
        Nonsense(
            name: "a bit rate below nothing",
            row: "2024.03.01_10.00.05,7.42,43.73,0,A,2,LTE,-95,-12,5,8,-70,-5,1,D,-,2,a03,1f,656130,-,-",
            reason: .valueOutOfRange,
            keepsRow: true
        ),
        Nonsense(
            name: "faster than sound",
            row: "2024.03.01_10.00.05,7.42,43.73,99999,A,2,LTE,-95,-12,5,8,-70,1,1,D,-,2,a03,1f,656130,-,-",
            reason: .valueOutOfRange,
            keepsRow: true
        ),
        Nonsense(
            name: "broken quoting",
            row: "2024.03.01_10.00.05,7.42,\"43.7\"3,0,A,2,LTE,-95,-12,5,8,-70,1,1,D,-,2,a03,1f,656130,-,-",
            reason: .malformed,
            keepsRow: false
        ),
    ]

    @Test(arguments: nonsense)
    func `nonsense is named with file and line, and the drive goes on`(_ nonsense: Nonsense) throws {
        let good = "2024.03.01_10.00.00,7.42,43.73,0,A,2,LTE,-95,-12,5,8,-70,1,1,D,-,2,a03,1f,656130,-,-"
        let after = "2024.03.01_10.00.09,7.43,43.74,0,A,2,LTE,-91,-11,5,8,-70,1,1,D,-,2,a03,1f,656130,-,-"
        let replayed = try replay(
            Self.header + [good, nonsense.row, after].joined(separator: "\n"),
            settings()
        )
        #expect(replayed.reasons == [nonsense.reason])
        #expect(replayed.warned.first?.place == "folder/drive 1.csv:3")
        #expect(replayed.facts.contains { $0.hasPrefix("5.0 ") } == nonsense.keepsRow)
        #expect(replayed.facts.contains { $0.hasPrefix("9.0 measurement drive-1 2080100a0302 -91.0") })
    }

    @Test func `unknown columns are named once, missing ones end the replay`() throws {
        let odd = try replay(
            "Timestamp,RAWCELLID,Mood,Weather\n2024.03.01_10.00.00,656130,fine,rain\n",
            settings { $0.loop = true },
            to: 5
        )
        #expect(odd.reasons == [.unknownColumn])
        #expect(odd.warned.first?.message.contains("\"Mood\", \"Weather\"") == true)
        #expect(odd.facts.contains { $0.contains("attached") })
        let poor = try replay("Time,Cell\n1,2\n", settings())
        #expect(poor.reasons == [.inputOutput])
        #expect(poor.warned.first?.message.contains("\"Timestamp\" for timestamp") == true)
        #expect(poor.facts.isEmpty)
        #expect(try replay("", settings()).reasons == [.malformed])
    }

    @Test func `random bytes never stop the service`() throws {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            // Bytes that mean something to the reader, in any order, behind a good header.
            let alphabet = Array(",\"\n\r.-_:LTE5G0123456789eNan\u{0}".utf8)
            let noise = (0..<2_000).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] }
            var replayed = try Replayed()
            var source = try DriveTestReplay(
                MemoryBytes(bytes: Array(Self.header.utf8) + noise),
                file: "noise.csv",
                settings: settings(),
                start: Replayed.start,
                inventory: replayed.inventory
            )
            replayed.run(&source, to: 2, slice: 1)
        }
    }

    @Test func `settings out of range are refused`() throws {
        #expect(throws: InputError.self) {
            try replay(Self.drive, settings { $0.speed = 0 })
        }
        #expect(throws: InputError.self) { try FileBytes(path: "/nowhere/at all.csv") }
    }
}
