// Empty: this file exists so that test_pch.h is compiled.
