/// What is wrong with one raw record, so that it goes to quarantine whole.
struct RecordViolation: Error, Equatable {
  var reason: Reason
  /// A sentence without a full stop.
  var message: String

  init(_ reason: Reason, _ message: String) {
    self.reason = reason
    self.message = message
  }
}
