package routes_test

import (
	"testing"

	"carebase/internal/testing/browser"
	"carebase/internal/testing/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m, browser.Close) }
