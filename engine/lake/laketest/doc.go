// Package laketest is the one test suite that every lake.Store passes.
package laketest
