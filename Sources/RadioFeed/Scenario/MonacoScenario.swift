package enum MonacoScenario { package static var text: String { String(decoding: PackageResources.monaco_yaml, as: UTF8.self) } }
