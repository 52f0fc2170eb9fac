import Glibc
import Synchronization

/// Lets a process survive that somebody shortens a file which it has mapped into memory: where the bytes were, zeros
/// are read, and ``wereRead`` says so.
///
/// Without it, reading there ends the process with `SIGBUS`.
public enum ShrunkFiles {
  private static let isInstalled = Atomic(false)
  private static let found = Atomic(0)
  private static let page = Int(sysconf(Int32(_SC_PAGESIZE)))

  /// Have zeros been read in place of bytes that a mapped file had?
  public static var wereRead: Bool { pageCount > 0 }

  /// How many pages were not there any more when they were read.
  static var pageCount: Int { found.load(ordering: .relaxed) }

  /// What there is to say when they have been.
  public static var error: DistillError { DistillError(.inputOutput, "a file was shortened while it was read") }

  /// Installs the handler of the signal, once.
  public static func survive() {
    guard isInstalled.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else { return }
    // What the handler needs is made here: it may not allocate, nor wait for anybody.
    _ = page
    _ = wereRead
    var action = sigaction()
    action.__sigaction_handler.sa_sigaction = { signal, info, _ in ShrunkFiles.handle(signal, info) }
    action.sa_flags = SA_SIGINFO
    _ = sigaction(SIGBUS, &action, nil)
  }

  /// Lays a page of zeros where the file ended too early. Any other cause ends the process, as it would have.
  private static func handle(_ signal: Int32, _ info: UnsafeMutablePointer<siginfo_t>?) {
    let beyondTheFile: Int32 = 2  // BUS_ADRERR
    guard let info, info.pointee.si_code == beyondTheFile,
      let address = info.pointee._sifields._sigfault.si_addr
    else { return reraise(signal) }
    let start = UnsafeMutableRawPointer(bitPattern: UInt(bitPattern: address) / UInt(page) * UInt(page))
    guard mmap(start, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED else {
      return reraise(signal)
    }
    found.add(1, ordering: .relaxed)
  }

  private static func reraise(_ signal: Int32) { _ = Glibc.signal(signal, SIG_DFL) }
}
