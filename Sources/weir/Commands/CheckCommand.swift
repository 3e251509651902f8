import Access
import ArgumentParser
import Settings
import Supervision

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract:
            "Tell what is wrong with the settings, and with the files they name, without starting anything.",
        discussion: """
            Ends with 0 when a server would start with them, with 78 when it would not.

            EXAMPLES
              weir check --config /etc/weir/weir.yaml
              weir check --set mqtt.maximumQoS=3
            """
    )

    @OptionGroup var options: SettingsOptions

    func run() throws {
        let environment = Environment.current
        let settings: WeirSettings
        do {
            settings = try options.load(environment: environment).settings
        } catch {
            Failure.tell("\(error)")
            throw Failure.configuration
        }
        var isGood = true
        do {
            let access = try AccessControl(settings.access)
            for warning in access.warnings { Failure.tell("warning: \(warning)") }
        } catch {
            Failure.tell("\(error)")
            isGood = false
        }
        guard isGood else { throw Failure.configuration }
        print("\(options.path(in: environment) ?? "the settings"): good")
    }
}
