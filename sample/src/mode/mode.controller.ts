import { Controller, Get, Inject } from '@nestjs/common';
import { describeMode, type FlagshipMode } from './flagship-mode';
import { FLAGSHIP_MODE } from './mode.constants';

@Controller('api/mode')
export class ModeController {
  constructor(@Inject(FLAGSHIP_MODE) private readonly mode: FlagshipMode) {}

  @Get()
  current() {
    return { mode: this.mode, description: describeMode(this.mode) };
  }
}
