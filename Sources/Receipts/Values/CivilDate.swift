/// A day of the proleptic Gregorian calendar.
struct CivilDate: Equatable {
  var year: Int
  /// 1 ... 12
  var month: Int
  /// 1 ... 31
  var day: Int

  /// nil: the calendar has no such day.
  init?(year: Int, month: Int, day: Int) {
    guard (1...12).contains(month), day >= 1, day <= Self.length(of: month, in: year) else { return nil }
    self.year = year
    self.month = month
    self.day = day
  }

  init(daysSince1970 days: Int64) {
    // Years are counted from 1 March here, so that the leap day is a year's last; a cycle is 400 years.
    let shifted = days + Self.daysToMarchOfYear0
    let cycle = shifted.flooredDivision(by: Self.daysInCycle)
    let dayOfCycle = Int(shifted - cycle * Self.daysInCycle)
    let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
    let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = Int(cycle) * 400 + yearOfCycle + (month <= 2 ? 1 : 0)
  }

  var daysSince1970: Int64 {
    let marchYear = Int64(month <= 2 ? year - 1 : year)
    let cycle = marchYear.flooredDivision(by: 400)
    let yearOfCycle = marchYear - cycle * 400
    let monthFromMarch = Int64(month > 2 ? month - 3 : month + 9)
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + Int64(day) - 1
    let dayOfCycle = yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear
    return cycle * Self.daysInCycle + dayOfCycle - Self.daysToMarchOfYear0
  }

  private static let daysInCycle: Int64 = 146_097
  /// From 0000-03-01 to 1970-01-01.
  private static let daysToMarchOfYear0: Int64 = 719_468

  private static func length(of month: Int, in year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

extension Int64 {
  /// Rounded towards minus infinity.
  func flooredDivision(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}
