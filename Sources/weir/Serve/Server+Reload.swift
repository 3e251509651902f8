import Access
import Gateway
import Logging
import Settings
import Supervision

extension Server {
    /// Reads settings, rules, passwords and certificates anew. Where anything is wrong, everything stays as it was.
    func reload() {
        serviceManager.tell(.reloading)
        defer { serviceManager.tell(.ready) }
        reloadCount += 1
        var result = ReloadResult(sequence: reloadCount, isGood: true)
        do {
            let new = try options.load(environment: environment).settings
            let access = try AccessControl(new.effectiveAccess)
            let takeUpCertificates = try rpc.flatMap { try $0.readingCertificates() }
            try gateway?.reload(listeners: new.listeners.map(\.gateway), bus: new.mqtt, access: access)
            takeUpCertificates?()
            rpc?.replace(access: access)
            rest?.replace(access: access)
            uplink?.reload(new.uplink)
            for warning in access.warnings { result.lines.append("warning: \(warning)") }
            result.lines.append("rules, passwords and certificates were read anew")
            takeUp(new, &result)
        } catch {
            result.isGood = false
            result.lines = "\(error)".split(separator: "\n").map(String.init) + ["nothing was changed"]
            logger.error("reload failed, everything stays as it was", metadata: ["error.message": "\(error)"])
        }
        life.reloaded(isGood: result.isGood)
        do {
            try result.write(to: startSettings.dataDirectory)
        } catch {
            logger.warning("reload result not written", metadata: ["error.message": "\(error)"])
        }
    }

    private func takeUp(_ new: WeirSettings, _ result: inout ReloadResult) {
        for change in WeirSettings.schema.changes(from: settings, to: new) where !change.needsRestart {
            result.lines.append(
                "\(change.name) is \(change.new ?? "not set"), was \(change.old ?? "not set")"
            )
            logger.notice(
                "setting changed",
                metadata: [
                    "setting.key": "\(change.name)", "setting.value": "\(change.new ?? "not set")",
                ]
            )
        }
        for change in WeirSettings.schema.changes(from: startSettings, to: new) where change.needsRestart {
            result.lines.append("\(change.name) changed, which needs a restart; it stays as it was")
            logger.warning("setting needs a restart", metadata: ["setting.key": "\(change.name)"])
        }
        settings = new
        sink.level = new.log.level
        logger.notice("reload done")
    }
}
