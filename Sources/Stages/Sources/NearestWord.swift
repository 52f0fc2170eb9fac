/// What a mistyped word was meant to be.
package enum NearestWord {
  /// `did you mean …? title: all of them`; the question is left out where nothing is near.
  package static func hint(for word: String, among words: [String], title: String) -> String {
    let all = "\(title): \(words.joined(separator: ", "))"
    guard let nearest = nearest(to: word, among: words) else { return all }
    return "did you mean `\(nearest)`? \(all)"
  }

  /// nil: more than half of the letters would have to change.
  static func nearest(to word: String, among words: [String]) -> String? {
    var best: (word: String, distance: Int)?
    for candidate in words {
      let distance = distance(word, candidate)
      if distance < best?.distance ?? Int.max { best = (candidate, distance) }
    }
    guard let best, best.distance * 2 <= max(word.count, best.word.count) else { return nil }
    return best.word
  }

  /// Letters to put in, take out, replace or swap with their neighbour; case does not matter.
  static func distance(_ left: String, _ right: String) -> Int {
    let left = Array(left.lowercased())
    let right = Array(right.lowercased())
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
      var current = [row + 1]
      for column in right.indices {
        let same = left[row] == right[column]
        var best = min(last[column] + (same ? 0 : 1), last[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          best = min(best, beforeLast[column - 1] + 1)
        }
        current.append(best)
      }
      beforeLast = last
      last = current
    }
    return last[right.count]
  }
}
