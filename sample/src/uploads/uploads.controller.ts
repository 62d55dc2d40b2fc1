import { BadRequestException, Body, Controller, Get, ParseIntPipe, Post } from '@nestjs/common';
import { UploadsService } from './uploads.service';

@Controller('api/uploads')
export class UploadsController {
  constructor(private readonly uploads: UploadsService) {}

  @Get()
  async limit() {
    return { limit: await this.uploads.limit() };
  }

  @Post()
  upload(@Body('photos', ParseIntPipe) photos: number) {
    if (photos < 1) throw new BadRequestException('Choose at least one photo.');
    return this.uploads.accept(photos);
  }
}
