package routes_test

import (
	"testing"

	"carebase/internal/testing/browser"
	"carebase/internal/testing/testapp"
)

// parallel is how many tests run at once. They hardly wait, and requests have a deadline.
const parallel = 2

func TestMain(m *testing.M) {
	testapp.SetParallel(parallel)
	testapp.Main(m, browser.Close)
}
