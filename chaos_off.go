//go:build !chaos

package main

import (
	"thalamus/resilience"
	"thalamus/stores"
)

// chaotic does nothing: what it does in a build with the tag chaos is no part of a gateway that anybody runs.
func chaotic(*stores.Set) resilience.Middleware { return nil }
