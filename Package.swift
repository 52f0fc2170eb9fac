// swift-tools-version: 6.1
import PackageDescription

/// Profilers want symbols; others a file that is half as large. `KEEP_SYMBOLS=1 swift build -c release` keeps them.
let strip = Context.environment["KEEP_SYMBOLS"] == nil ? ["-Xlinker", "-s"] : []

/// The release executable carries the Swift runtime, so that it starts in milliseconds and runs on a machine without Swift.
/// The libraries behind Foundation (a dependency of Yams) are named because they are archives here.
let staticRuntime: [LinkerSetting] = [
  .unsafeFlags(
    [
      "-static-stdlib", "-lFoundation", "-lCoreFoundation", "-l_FoundationICU", "-l_FoundationCShims",
      "-l_FoundationCollections", "-lstdc++", "-Xlinker", "--gc-sections",
    ] + strip, .when(platforms: [.linux], configuration: .release))
]

/// Tests are built in release mode, with the executable that they run, and look into the modules.
let testable: [SwiftSetting] = [.unsafeFlags(["-enable-testing"], .when(configuration: .release))]

let package = Package(
  name: "distill-make",
  products: [
    .executable(name: "distill-make", targets: ["distill-make"]),
    .library(name: "Receipts", targets: ["Receipts"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(
      name: "COpenSSL", path: "Sources/C/OpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CGit2", path: "Sources/C/Git2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
    .systemLibrary(name: "CZstd", path: "Sources/C/Zstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CZlib", path: "Sources/C/Zlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CWriteback", path: "Sources/C/Writeback"),
    .systemLibrary(name: "CMalloc", path: "Sources/C/Malloc"),
    .systemLibrary(name: "CJQ", path: "Sources/C/JQ", providers: [.apt(["libjq-dev", "libonig-dev"])]),
    .target(name: "CJQGuard", dependencies: ["CJQ"], path: "Sources/C/JQGuard"),
    // Not through pkg-config: simdjson's file carries a flag that the package manager refuses with a warning.
    .target(name: "CSimdJSON", path: "Sources/C/SimdJSON", linkerSettings: [.linkedLibrary("simdjson")]),

    .target(name: "CSHA256", path: "Sources/C/SHA256"),

    .target(name: "JSONTape", dependencies: ["CSimdJSON"], swiftSettings: testable),
    .target(
      name: "Receipts",
      dependencies: [
        "JSONTape", "COpenSSL", "CSHA256", "CGit2", "CWriteback",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: testable),
    .target(
      name: "Stages",
      dependencies: ["JSONTape", "Receipts", "CJQ", "CJQGuard", "CZstd", "CZlib", "Yams"],
      resources: [
        .embedInCode("Sources/Presets/tau-bench.yaml"),
        .embedInCode("Sources/Presets/bashkit-eval.yaml"),
        .embedInCode("Sources/Presets/m-ifeval.yaml"),
        .embedInCode("Sources/Presets/lakehouse.yaml"),
      ],
      swiftSettings: testable),
    .target(
      name: "Verification",
      dependencies: [
        "Stages", "Receipts", "JSONTape", .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: testable),
    .target(name: "Attestation", dependencies: ["JSONTape", "Receipts", "COpenSSL"], swiftSettings: testable),
    // Sees the stages' schemas and none of their exporters, whose work it checks.
    .target(
      name: "Audit",
      dependencies: [
        "Attestation", "JSONTape", "Receipts", "Stages", .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: testable),
    .executableTarget(
      name: "distill-make",
      dependencies: [
        "Audit", "Attestation", "Verification", "Stages", "Receipts", "JSONTape", "CGit2", "CMalloc",
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      linkerSettings: staticRuntime),
    .target(
      name: "ReceiptsTesting",
      dependencies: ["Receipts", "JSONTape", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: testable),

    .target(name: "StagesTesting", swiftSettings: testable),

    .testTarget(name: "JSONTapeTests", dependencies: ["JSONTape", "CSimdJSON"]),
    .testTarget(
      name: "ReceiptsTests",
      dependencies: [
        "Receipts", "ReceiptsTesting", "JSONTape", "CGit2", .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .testTarget(
      name: "StagesTests",
      dependencies: [
        "Stages", "StagesTesting", "Receipts", "ReceiptsTesting", "JSONTape",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .testTarget(
      name: "VerificationTests",
      dependencies: [
        "Verification", "Stages", "Receipts", "ReceiptsTesting", "JSONTape",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    // Runs the built executable and does not link it: its static runtime and the test libraries exclude each other.
    .testTarget(
      name: "DistillMakeTests",
      dependencies: [
        "Attestation", "Audit", "Stages", "Receipts", "ReceiptsTesting", "StagesTesting", "JSONTape",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .testTarget(name: "AttestationTests", dependencies: ["Attestation", "Receipts"]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
