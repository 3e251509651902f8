import Access
import Foundation
import Testing

@Suite struct ScramTests {
    private static let clientNonce = "rOprNGfwEbeRWgbNEkqO"
    private static let serverNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

    /// RFC 7677 section 3.
    private static let first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    private static let challenge =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    private static let final =
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    private static let verifier = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func server(user: String = "user", password: String = "pencil") throws -> ScramServer {
        let salt = try #require(Data(base64Encoded: "W22ZaJ0SNY7soEsUEjb6gQ=="))
        let credential = try ScramCredential(password: password, salt: Array(salt), iterations: 4_096)
        return ScramServer(
            nonce: Self.bytes(Self.serverNonce),
            decoySecret: [1, 2, 3],
            decoyIterations: 4_096
        ) {
            $0 == user ? (user, credential) : nil
        }
    }

    @Test func `the server speaks RFC 7677's example`() throws {
        var server = try server()
        #expect(try server.receive(Self.bytes(Self.first)) == .challenge(Self.bytes(Self.challenge)))
        #expect(
            try server.receive(Self.bytes(Self.final)) == .success(user: "user", Self.bytes(Self.verifier))
        )
        #expect(try server.receive([]) == .malformed("a message after the last one"))
    }

    @Test func `the client speaks RFC 7677's example`() throws {
        var client = try ScramClient(username: "user", password: "pencil", nonce: Self.clientNonce)
        #expect(client.firstMessage == Self.bytes(Self.first))
        #expect(try client.receiveFirst(Self.bytes(Self.challenge)) == Self.bytes(Self.final))
        try client.receiveFinal(Self.bytes(Self.verifier))
    }

    @Test func `a wrong password fails at the end and not before`() throws {
        var server = try server()
        var client = try ScramClient(username: "user", password: "pencils")
        guard case .challenge(let challenge) = try server.receive(client.firstMessage) else {
            Issue.record("no challenge")
            return
        }
        #expect(try server.receive(client.receiveFirst(challenge)) == .wrong)
    }

    @Test func `an unknown user gets the same salt each time, and fails at the end`() throws {
        var salts: Set<String> = []
        for name in ["nobody", "nobody", "somebody"] {
            var server = try server()
            var client = try ScramClient(username: name, password: "pencil")
            guard case .challenge(let challenge) = try server.receive(client.firstMessage) else {
                Issue.record("no challenge")
                return
            }
            let text = String(decoding: challenge, as: UTF8.self)
            salts.insert(String(text.split(separator: ",")[1]))
            #expect(text.hasSuffix(",i=4096"))
            #expect(try server.receive(client.receiveFirst(challenge)) == .wrong)
        }
        #expect(salts.count == 2)
    }

    @Test func `names with commas and equals signs and other letters are carried`() throws {
        for name in ["a,b=c", "jürgen", "=2C"] {
            var server = try server(user: name, password: "pässwort")
            var client = try ScramClient(username: name, password: "pässwort")
            guard case .challenge(let challenge) = try server.receive(client.firstMessage),
                case .success(name, let final) = try server.receive(client.receiveFirst(challenge))
            else {
                Issue.record("not let in: \(name)")
                return
            }
            try client.receiveFinal(final)
        }
    }

    static let malformedFirst: [String] = [
        "", "n", "n,,", ",,n=user,r=abcdefgh", "x,,n=user,r=abcdefgh", "n,,n=,r=abcdefgh", "n,,n=user",
        "n,,r=abcdefgh,n=user", "n,,m=x,n=user,r=abcdefgh", "n,,n=user,r=abcdefgh,m=x", "n,,n=user,r=short",
        "n,,n=user,r=with space", "n,,n=us=er,r=abcdefgh", "n,,n=us=2cer,r=abcdefgh",
        "n,a=other,n=user,r=abcdefgh",
        "n,b=user,n=user,r=abcdefgh", "p=tls-unique,,n=user,r=abcdefgh", "n,,n=u\0ser,r=abcdefgh",
        "n,,n=\u{fb01},r=abcdefgh", "n,,n=user,r=" + String(repeating: "a", count: 5_000),
    ]

    @Test(arguments: malformedFirst)
    func `a malformed first message is refused`(_ text: String) throws {
        var server = try server()
        guard case .malformed = try server.receive(Self.bytes(text)) else {
            Issue.record("taken")
            return
        }
        guard case .malformed = try server.receive(Self.bytes(Self.final)) else {
            Issue.record("went on after a malformed message")
            return
        }
    }

    static let malformedFinal: [String] = [
        "", "c=biws", final.replacingOccurrences(of: "biws", with: "eSws"),
        final.replacingOccurrences(of: "r=rO", with: "r=rP"),
        final.replacingOccurrences(of: ",p=", with: ",q="),
        final.replacingOccurrences(of: "p=dHz", with: "p=*Hz"), String(final.dropLast(4)),
        final.replacingOccurrences(of: ",p=", with: ",m=x,p="), final + ",x=y",
    ]

    @Test(arguments: malformedFinal)
    func `a malformed final message is refused`(_ text: String) throws {
        var server = try server()
        _ = try server.receive(Self.bytes(Self.first))
        guard case .malformed = try server.receive(Self.bytes(text)) else {
            Issue.record("taken")
            return
        }
    }

    @Test func `an altered proof is wrong`() throws {
        var server = try server()
        _ = try server.receive(Self.bytes(Self.first))
        #expect(
            try server.receive(Self.bytes(Self.final.replacingOccurrences(of: "p=dHz", with: "p=eHz")))
                == .wrong
        )
    }

    static let challenges: [String] = [
        "", "e=other-error", challenge.replacingOccurrences(of: "r=rO", with: "r=rP"),
        "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        challenge.replacingOccurrences(of: "4096", with: "4095"),
        challenge.replacingOccurrences(of: "4096", with: "1000001"),
        challenge.replacingOccurrences(of: "4096", with: "-1"),
        challenge.replacingOccurrences(of: "4096", with: "99999999999"),
        challenge.replacingOccurrences(of: "s=W22", with: "s=*22"), "m=x," + challenge,
    ]

    @Test(arguments: challenges)
    func `the client takes no weak or malformed challenge`(_ text: String) throws {
        var client = try ScramClient(username: "user", password: "pencil", nonce: Self.clientNonce)
        #expect(throws: ScramClient.Failure.self) { try client.receiveFirst(Self.bytes(text)) }
        #expect(throws: ScramClient.Failure.self) { try client.receiveFirst(Self.bytes(Self.challenge)) }
    }

    @Test func `the client knows a server that does not know the password`() throws {
        var client = try ScramClient(username: "user", password: "pencil", nonce: Self.clientNonce)
        _ = try client.receiveFirst(Self.bytes(Self.challenge))
        #expect(throws: ScramClient.Failure.wrongServer) {
            try client.receiveFinal(Self.bytes(Self.verifier.replacingOccurrences(of: "v=6r", with: "v=7r")))
        }
        client = try ScramClient(username: "user", password: "pencil", nonce: Self.clientNonce)
        _ = try client.receiveFirst(Self.bytes(Self.challenge))
        #expect(throws: ScramClient.Failure.refused("invalid-proof")) {
            try client.receiveFinal(Self.bytes("e=invalid-proof"))
        }
    }

    @Test func `no bytes trap either side`() throws {
        var random = SeededGenerator(seed: 3)
        let parts = [
            "n", ",", "=", "r=", "p=", "c=biws", "n=user", "abcdefgh", "\0", "ÿ", "i=4096", "s=AAAA",
        ]
        for _ in 0..<2_000 {
            let text = (0..<Int.random(in: 0...9, using: &random))
                .map { _ in parts.randomElement(using: &random) ?? "" }.joined()
            var server = ScramServer(nonce: Self.bytes("x"), decoySecret: [1], decoyIterations: 4_096) { _ in
                nil
            }
            _ = try server.receive(Self.bytes(text))
            _ = try server.receive(Self.bytes(text))
            var client = try ScramClient(username: "u", password: "p", nonce: "abcdefgh")
            _ = try? client.receiveFirst(Self.bytes(text))
            try? client.receiveFinal(Self.bytes(text))
        }
    }
}

@Suite struct SASLprepTests {
    @Test func `RFC 4013's examples`() throws {
        // Section 3; the last two of them would change under form KC and are refused here.
        #expect(try SASLprep.prepare("I\u{ad}X") == "IX")
        #expect(try SASLprep.prepare("user") == "user")
        #expect(try SASLprep.prepare("USER") == "USER")
        #expect(throws: SASLprep.Flaw.changes) { try SASLprep.prepare("\u{aa}") }
        #expect(throws: SASLprep.Flaw.changes) { try SASLprep.prepare("\u{2168}") }
        #expect(throws: SASLprep.Flaw.forbidden) { try SASLprep.prepare("\u{7}") }
        #expect(throws: SASLprep.Flaw.empty) { try SASLprep.prepare("\u{ad}") }
        #expect(try SASLprep.prepare("a\u{a0}b\u{3000}c") == "a b c")
    }

    /// Foundation has the tables of form KC that we do without.
    @Test func `what is taken is what form KC leaves alone, alone and beside others`() {
        var taken = 0
        for value in 0x80...0x1ffff as ClosedRange<UInt32> {
            // Of the large blocks of ideographs and syllables, some.
            if (0x3400...0xd7a3).contains(value) || value > 0x1_2000, value % 16 != 0 { continue }
            guard let scalar = Unicode.Scalar(value), scalar.properties.generalCategory != .spaceSeparator,
                value != 0xad, let prepared = try? SASLprep.prepare(String(scalar))
            else { continue }
            taken += 1
            let neighbours = "e" + prepared + prepared + "\u{ac00}" + prepared
            let normal = neighbours.precomposedStringWithCompatibilityMapping
            if !normal.unicodeScalars.elementsEqual(neighbours.unicodeScalars) {
                Issue.record("U+\(String(value, radix: 16)) changes")
            }
        }
        #expect(taken > 10_000)
        for text in ["äöüßéèñçåøÆŁžĐ", "αβγδΩΣ", "абвгдЖЯ", "日本語", "한국어", "שלום", "سلام", "€£§–"] {
            #expect((try? SASLprep.prepare(text)) == text)
        }
    }
}
