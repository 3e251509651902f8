import Access
import Foundation
import Testing

@Suite struct PasswordTests {
    static let mosquittoPasswd = "/usr/bin/mosquitto_passwd"
    static var hasMosquittoPasswd: Bool { FileManager.default.isExecutableFile(atPath: mosquittoPasswd) }

    /// Cheap, for tests that are not about the cost.
    static let cheap: PasswordHash.ScryptParameters = {
        var parameters = PasswordHash.ScryptParameters()
        parameters.logN = 10
        return parameters
    }()

    struct Known: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var hash: String
        var password: String
    }

    /// The first two are of mosquitto_passwd 2.0.11; the third is RFC 7914 section 12's second vector with
    /// the first 64 bytes of its output; the last is RFC 7677's, with the keys that OpenSSL derives.
    static let known: [Known] = [
        Known(
            testDescription: "mosquitto $7$",
            hash: "$7$101$GPQZkKdtUCJXvx6Y$E3CVmEBxeqJCHxvOGRdY/1imuvDPDu6n+Lsc0Zp8JX7GBTdOmWNMwxnSL8vQHVYu"
                + "vQ23AkGwAKY1MchvCiwMYg==",
            password: "pässword 1"
        ),
        Known(
            testDescription: "mosquitto $6$",
            hash: "$6$5uAvoI/UsZB000nR$6rbRiVSHaiW/YJYfx71GLOkJ2gZCMFHZJGcIvInLuDRB4grMgiWHhZggCp6ynZCYgC4pnI"
                + "LbS5fz2xpN951KtQ==",
            password: "x"
        ),
        Known(
            testDescription: "RFC 7914 12",
            hash:
                "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDa"
                + "xyevuUqD7m2DYMvfoswGQA",
            password: "password"
        ),
    ]

    @Test(arguments: known)
    func `known hashes are recognised`(_ known: Known) throws {
        // RFC 7914's salt is shorter than we accept in a file, hence read by parts.
        let hash = try Self.read(known.hash)
        #expect(try hash.verify(Array(known.password.utf8)))
        #expect(try !hash.verify(Array((known.password + "x").utf8)))
        #expect(try !hash.verify([]))
        #expect(hash.text == known.hash)
    }

    private static func read(_ text: String) throws -> PasswordHash {
        guard text.contains("$TmFDbA$") else { return try PasswordHash(text: text) }
        let fields = text.split(separator: "$")
        let data = try #require(Data(base64Encoded: fields[3] + "=="))
        var parameters = PasswordHash.ScryptParameters()
        (parameters.logN, parameters.r, parameters.p) = (10, 8, 16)
        return .scrypt(parameters, salt: Array("NaCl".utf8), hash: Array(data))
    }

    @Test func `a fresh scrypt hash is read back and recognises its password only`() throws {
        let hash = try PasswordHash.scrypt(Array("sesame".utf8), Self.cheap)
        let again = try PasswordHash(text: hash.text)
        #expect(again == hash)
        #expect(hash.text.hasPrefix("$scrypt$ln=10,r=8,p=1$"))
        #expect(try again.verify(Array("sesame".utf8)))
        #expect(try !again.verify(Array("Sesame".utf8)))
        #expect(try PasswordHash.scrypt(Array("sesame".utf8), Self.cheap) != hash, "salts differ")
    }

    @Test func `a SCRAM credential recognises its password when it comes as it is`() throws {
        let hash = PasswordHash.scram(try ScramCredential(password: "pencil"))
        let again = try PasswordHash(text: hash.text)
        #expect(again == hash)
        #expect(try again.verify(Array("pencil".utf8)))
        #expect(try !again.verify(Array("pencil ".utf8)))
        #expect(try !again.verify([0xff, 0xfe]))
    }

    static let flawed: [String] = [
        "", "plain", "$", "$$", "$9$a$b", "$2y$10$abc", "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA",
        "$7$0$AAAA$AAAA", "$7$-1$AAAA$AAAA", "$7$99999999999$AAAA$AAAA", "$7$101$AAAA$AAAA", "$7$101$$",
        "$7$101$*$" + String(repeating: "A", count: 86) + "==", "$6$AAAA$AAAA", "$6$AAAA", "$6$$$$",
        "$scrypt$ln=15,r=8,p=1$AAAA$AAAA",
        "$scrypt$ln=64,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=20,r=32,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=015,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$r=8,ln=15,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=15,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAB$AAAAAAAAAAAAAAAAAAAAAA",
        "$scram-sha-256$i=100$AAAAAAAAAAAAAAAAAAAAAA$AAAA$AAAA",
        "$scram-sha-256$i=10000$AAAAAAAAAAAAAAAAAAAAAA$AAAA$AAAA",
    ]

    @Test(arguments: flawed)
    func `what is no hash is refused and not repeated`(_ text: String) {
        #expect {
            try PasswordFile(text: "# c\nann:\(text)", name: "passwords")
        } throws: { error in
            let errors = (error as? AccessSettingsErrors)?.errors ?? []
            let leaks = text.count > 4 && errors.contains { $0.description.contains(text) }
            return errors.map(\.line) == [2] && !leaks
        }
    }

    @Test func `a line without a user or a user twice is told of`() {
        #expect {
            try PasswordFile(text: "nobody\n:$6$x$y\n", name: "passwords")
        } throws: { ($0 as? AccessSettingsErrors)?.errors.map(\.line) == [1, 2] }
        let line = "ann:" + Self.known[1].hash
        #expect {
            try PasswordFile(text: "\(line)\r\n\n\(line)\n", name: "passwords")
        } throws: {
            "\($0)" == "passwords, line 3: found user \"ann\" a second time; expected each user once"
        }
    }

    @Test func `an unknown user costs what a wrong password costs`() throws {
        var parameters = Self.cheap
        parameters.logN = 14
        let hash = try PasswordHash.scrypt(Array("sesame".utf8), parameters)
        let file = try PasswordFile(
            text: "ann:\(hash.text)\nbob:\(hash.text)\neve:\(Self.known[1].hash)",
            name: "passwords"
        )
        /// Processor time of this thread, since others share the machine; the least of some runs.
        func nanoseconds(_ user: String) throws -> Int {
            try (0..<5).map { _ in
                let start = Self.threadTime()
                let entry = try file.verify(user: user, Array("wrong".utf8))
                #expect(entry?.name == nil)
                return Self.threadTime() - start
            }.min() ?? 0
        }
        let (known, unknown) = (try nanoseconds("ann"), try nanoseconds("nobody"))
        #expect(unknown > known / 2 && known > unknown / 2, "\(known) and \(unknown)")
    }

    private static func threadTime() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    @Test(.enabled(if: hasMosquittoPasswd, "mosquitto_passwd is not installed"))
    func `files that mosquitto_passwd makes are read to the bit`() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/passwords"
        let passwords = [
            "a": "", "b": "x", "c": "pässwörd ☃", "d": String(repeating: "long", count: 300), "e": " $7$ ",
        ]
        _ = try folder.write("passwords", "")
        for (index, user) in passwords.keys.sorted().enumerated() where passwords[user] != "" {
            let kind = index.isMultiple(of: 2) ? "sha512" : "sha512-pbkdf2"
            _ = try #require(
                run(Self.mosquittoPasswd, ["-H", kind, "-b", path, user, passwords[user] ?? ""])
            )
        }
        let text = try folder.read("passwords")
        let file = try PasswordFile(path: path)
        #expect(file.hashes.count == 4)
        for (user, password) in passwords where password != "" {
            #expect(try file.verify(user: user, Array(password.utf8))?.name == user)
            #expect(try file.verify(user: user, Array((password + " ").utf8)) == nil)
            #expect(text.contains("\(user):\(file.hashes[user]?.text ?? "-")\n"))
        }
    }
}
