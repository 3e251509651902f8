extension AccessSettings {
    /// Values out of range.
    func check(_ errors: inout [AccessSettingsError]) {
        func require(_ holds: Bool, _ place: String, _ found: String, _ expected: String) {
            if !holds { errors.append(AccessSettingsError(place, found: found, expected: expected)) }
        }
        require(
            (0...300).contains(tokens.leewaySeconds),
            "access.tokens.leewaySeconds",
            "\(tokens.leewaySeconds)",
            "0 to 300"
        )
        require(
            (1...65_535).contains(tokens.sizeMaxBytes),
            "access.tokens.sizeMaxBytes",
            "\(tokens.sizeMaxBytes)",
            "1 to 65535"
        )
        require(
            !tokens.usernameClaim.isEmpty,
            "access.tokens.usernameClaim",
            "no name",
            "the name of a claim"
        )
        require(quotas.inFlight > 0, "access.quotas.inFlight", "0", "1 to 65535")
        for role in roles {
            require(
                role.quotas.inFlight != 0,
                "access.roles.\(role.name).quotas.inFlight",
                "0",
                "1 to 65535"
            )
        }
        for user in users {
            require(
                user.quotas.inFlight != 0,
                "access.users.\(user.name).quotas.inFlight",
                "0",
                "1 to 65535"
            )
        }
        require(
            (0...10_000_000).contains(throttle.addressesMax),
            "access.throttle.addressesMax",
            "\(throttle.addressesMax)",
            "0 to 10000000"
        )
        require(
            (0...10_000_000).contains(passwordCache.entriesMax),
            "access.passwordCache.entriesMax",
            "\(passwordCache.entriesMax)",
            "0 to 10000000"
        )
        require(
            (0...86_400).contains(passwordCache.seconds),
            "access.passwordCache.seconds",
            "\(passwordCache.seconds)",
            "0 to 86400"
        )
    }
}
