extension WeirSettings {
    /// The commented settings file, as `weir config sample` prints it and `examples/weir.yaml` holds it.
    package static var sample: String {
        Sample.write(
            schema.fields(of: WeirSettings()),
            heading: [
                "Weir's settings, every key at its default. Written by \"weir config sample\".",
                "",
                "A line that begins with # and a space is explanation; to set a key, take the # before it away.",
                "Any key can also be given as a flag, --set log.level=debug, or as an environment variable,",
                "WEIR_LOG_LEVEL=debug. Flags win over the environment, which wins over this file.",
                "Keys marked \"reloadable\" are taken up by \"weir reload\" or SIGHUP, the others by a restart.",
                "\"weir check --config FILE\" tells what is wrong with a file without starting anything.",
            ]
        )
    }
}
