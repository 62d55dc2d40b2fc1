// Jest refuses `require` of an ES module that a test file imports as well, until that module has run.
import '@nestjs/common';
import '@nestjs/core';
