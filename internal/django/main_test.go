package django_test

import (
	"testing"

	"carebase/internal/testing/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m) }
