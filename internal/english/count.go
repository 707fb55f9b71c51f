// Package english has what messages for people need of their language.
package english

import "fmt"

// Count returns a number with its noun, which takes an s unless there is one.
func Count[N int | int64](number N, noun string) string {
	if number == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", number, noun)
}
